/**
 * Processor time of the log path after the ring, for each record: decode, encode, batch, write. Rings of an earlier process
 * are filled beforehand, then delivered into a file. Usage: node bench/micro/shipper.ts [records]
 */
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRingBinding } from '../../src/engine/native/ring-binding.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { JobConfig } from '../../src/logs/config.ts';
import { sinkOf } from '../../src/logs/index.ts';
import type { FromShipper } from '../../src/shipper/protocol.ts';
import { Shipper } from '../../src/shipper/shipper.ts';
import { RingFile } from '../../test/support/ring-file.ts';

const recordsDefault = 100_000;
const recordsPerRing = 25_000;

const ipv4 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7);
const texts = {
  method: 'GET',
  host: 'www.example.com',
  path: '/assets/images/products/1234567/front.webp',
  query: 'width=640&quality=80',
  userAgent:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  contentType: 'image/webp',
  zone: 'site',
};

function fillRings(folder: string, records: number): void {
  for (let done = 0, ring = 1; done < records; ring++) {
    const file = new RingFile(join(folder, `ring-${ring}.ring`), { ringId: ring, framesBytes: 1 << 24 });
    for (let count = 0; count < recordsPerRing && done < records; count++) {
      done += 1;
      const startNs = 1_700_000_000_000_000_000n + BigInt(done) * 20_000n;
      const bytes = { clientRequestBytes: 312, edgeResponseBytes: 1345, edgeResponseBodyBytes: 1024 };
      const codes = {
        edgeStatus: 200,
        httpVersion: 11,
        scheme: 1,
        source: 1,
        cacheResult: 5,
        clientPort: 43_210,
      };
      file.write(
        { startNs, endNs: startNs + 90_000n, ray: done, clientAddress: ipv4, ...bytes, ...codes },
        texts,
      );
    }
    file.close();
  }
}

function jobTo(path: string): JobConfig {
  return {
    name: 'bench',
    dataset: 'http_requests',
    destination: { type: 'file', path, rotate: { max_bytes: 0, max_age: 0, keep: 0 }, compression: 'none' },
    output: { timestamp_format: 'unixnano' },
    batch: { max_bytes: 256 * 1024, max_records: 100_000, max_interval: 0.1 },
  };
}

/** Delivers everything in `folder`; resolves when it is in the file. */
function deliver(folder: string, path: string): Promise<void> {
  const binding = loadRingBinding();
  const { promise, resolve } = Promise.withResolvers<void>();
  const post = (message: FromShipper): void => {
    if (message.type === 'drained') resolve();
  };
  const shipper = new Shipper({
    binding,
    clock: systemClock,
    random: () => 0.5,
    folder: fs,
    files: fs,
    sinkOf,
    post,
  });
  const bootIdHex = 'ffffffffffffffff';
  const spool = { bytesMax: 2 ** 32, segmentBytes: 2 ** 26 };
  shipper.handle({ type: 'start', directory: folder, bootIdHex, rings: [], jobs: [jobTo(path)], spool });
  shipper.handle({ type: 'drain', deadlineMs: 60_000 });
  return promise;
}

export async function benchShipper(
  records: number,
): Promise<{ nsPerRecord: number; bytesPerRecord: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
  try {
    const path = join(folder, 'records.ndjson');
    fillRings(folder, records);
    const before = process.cpuUsage();
    await deliver(folder, path);
    const { user, system } = process.cpuUsage(before);
    const text = readFileSync(path);
    // A figure counts only if every record is there.
    let lines = 0;
    for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) lines += 1;
    if (lines !== records) throw new Error(`${lines} lines of ${records} records`);
    return { nsPerRecord: ((user + system) * 1000) / records, bytesPerRecord: text.length / records };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const records = Number(process.argv[2] ?? recordsDefault);
  for (let round = 0; round < 5; round++) {
    const { nsPerRecord, bytesPerRecord } = await benchShipper(records);
    console.log(
      `${nsPerRecord.toFixed(0)} ns of processor time for each record of ${bytesPerRecord.toFixed(0)} bytes`,
    );
  }
}
