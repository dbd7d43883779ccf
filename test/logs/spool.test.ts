/** The spool over a file system that fails, and over files that were damaged. */
import fs, { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadRingBinding } from '../../src/engine/native/ring-binding.ts';
import type { Block } from '../../src/logs/spool/block.ts';
import type { SpoolFiles } from '../../src/logs/spool/files.ts';
import { blockHeaderBytes, blockKind } from '../../src/logs/spool/layout.ts';
import type { Position } from '../../src/logs/spool/position.ts';
import { SegmentReader } from '../../src/logs/spool/segment-reader.ts';
import { Spool } from '../../src/logs/spool/spool.ts';
import { StateFile } from '../../src/logs/spool/state-file.ts';
import { temporaryFolder } from '../support/temp.ts';

const binding = loadRingBinding();
const checksum = (bytes: Uint8Array, from: number, to: number) => binding.crc32c(bytes, from, to);
const small = { bytesMax: 40_000, segmentBytes: 10_000 };

class Rig {
  readonly told: string[] = [];
  readonly files: SpoolFiles;
  readonly spool: Spool;
  readonly reader: SegmentReader;

  constructor(directory: string, files: Partial<SpoolFiles> = {}, schemaHash = 5n) {
    this.files = { ...fs, ...files };
    const ports = {
      files: this.files,
      checksum,
      tell: (_level: string, text: string) => this.told.push(text),
    };
    this.spool = new Spool({ directory, limits: small, schemaHash }, ports);
    this.reader = new SegmentReader(this.files, checksum);
  }

  /** A block of so many records, whose bytes tell which they are. */
  put(records: number, ringPosition = 0): boolean {
    const bodyBytes = records * 64;
    const { record } = this.spool.end;
    this.spool.buffer.fill(record % 251, blockHeaderBytes, blockHeaderBytes + bodyBytes);
    const failure = this.spool.append({
      kind: blockKind.frames,
      bodyBytes,
      ringId: 9,
      bootId: 3n,
      firstSequence: record,
      lastSequence: record + records - 1,
      ringPosition,
      records,
      losses: 0,
      lost: 0,
      firstMs: 1000 + record,
      lastMs: 1000 + record,
      workerIndex: 1,
    });
    return failure === null;
  }

  /** All blocks from a position on, as [first record, records]. */
  blocks(from: Position = this.spool.begin): [number, number][] {
    const found: [number, number][] = [];
    let at = from;
    for (;;) {
      const block: Block | null = this.spool.read(at, this.reader);
      if (block === null) return found;
      const body = block.bytes.subarray(
        block.at + blockHeaderBytes,
        block.at + blockHeaderBytes + block.bodyBytes,
      );
      if (!body.every((byte) => byte === block.first % 251)) throw new Error('the body of another block');
      found.push([block.first, block.records]);
      const offset = block.offset + blockHeaderBytes + block.bodyBytes;
      at = { segment: block.segment, offset, skip: 0, record: block.first + block.records };
    }
  }
}

const segments = (folder: string) =>
  readdirSync(join(folder, 'spool')).filter((name) => name.startsWith('segment-'));

t.test('blocks are found again, by the process that wrote them and by the next', (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(folder);
  const expected: [number, number][] = [];
  for (let block = 0; block < 60; block++) {
    const records = 1 + ((block * 7) % 20);
    expected.push([rig.spool.end.record, records]);
    t.ok(rig.put(records, 100 * block));
  }
  t.same(rig.blocks(), expected);
  t.ok(segments(folder).length > 3);
  t.ok(segments(folder).every((name) => statSync(join(folder, 'spool', name)).size <= small.segmentBytes));
  const next = new Rig(folder);
  t.same(next.blocks(), expected);
  t.same(next.spool.end, rig.spool.end);
  t.match(next.spool.lastBlockOf(3n, 9), { ringPosition: 5900 });
  t.equal(next.spool.lastBlockOf(3n, 8), undefined);
  t.equal(next.spool.oldestMs, 1000);
  t.same(next.told, []);
  t.ok(next.put(3));
  t.same(next.blocks().at(-1), [rig.spool.end.record, 3]);
  next.spool.close();
  rig.spool.close();
  t.end();
});

t.test('an end that is torn at any byte is cut off, and the block comes again', (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(folder);
  rig.put(5, 10);
  const { offset } = rig.spool.end;
  rig.put(2, 20);
  rig.spool.close();
  const path = join(folder, 'spool', segments(folder)[0] as string);
  const whole = readFileSync(path);
  for (let bytes = offset; bytes < whole.length; bytes++) {
    writeFileSync(path, whole.subarray(0, bytes));
    const next = new Rig(folder);
    t.same(next.spool.end, { segment: 0, offset, skip: 0, record: 5 });
    t.match(next.spool.lastBlockOf(3n, 9), { ringPosition: 10 });
    t.equal(statSync(path).size, offset);
    t.ok(next.put(2, 20));
    t.ok(readFileSync(path).equals(whole), 'the same bytes again');
    next.spool.close();
  }
  t.end();
});

t.test('damage anywhere else is skipped to the next block, and the numbers tell what is missing', (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(folder);
  for (let block = 0; block < 40; block++) rig.put(8);
  rig.spool.close();
  const names = segments(folder);
  const path = join(folder, 'spool', names[1] as string);
  const whole = readFileSync(path);
  const blockBytes = blockHeaderBytes + 8 * 64;
  const all = rig.blocks();
  for (let at = 0; at < 2 * blockBytes; at += 13) {
    const broken = Buffer.from(whole);
    broken.writeUInt8((broken[at] ?? 0) ^ 0x55, at);
    writeFileSync(path, broken);
    const next = new Rig(folder);
    const found = next.blocks();
    const missing = all.filter(([first]) => !found.some(([other]) => other === first));
    if (at < blockHeaderBytes && found.length === 0) t.fail('everything was given up');
    t.equal(missing.length, 1, `byte ${at}`);
    next.spool.close();
  }
  // A hole of zeros, and a segment that was cut: what follows is still there.
  const holed = Buffer.from(whole).fill(0, blockBytes, 3 * blockBytes);
  writeFileSync(path, holed);
  t.equal(new Rig(folder).blocks().length, all.length - 2);
  truncateSync(path, blockBytes + 40);
  const cut = new Rig(folder);
  t.equal(cut.blocks().at(-1)?.[0], all.at(-1)?.[0]);
  t.end();
});

t.test('a segment of another layout is set aside, told, and its numbers are not used again', (t) => {
  const folder = temporaryFolder(t);
  const old = new Rig(folder, {}, 4n);
  for (let block = 0; block < 3; block++) old.put(10);
  old.spool.close();
  const rig = new Rig(folder, {}, 5n);
  t.match(rig.told, [/of another version of Parapet: it was renamed/]);
  t.equal(rig.spool.totals.setAsideSegments, 1);
  t.equal(rig.spool.end.record, 30);
  t.ok(rig.put(1));
  t.same(rig.blocks(), [[30, 1]]);
  t.ok(segments(folder).some((name) => name.endsWith('.unknown')));
  t.end();
});

t.test('a write that fails leaves nothing behind, whatever of it was written', (t) => {
  for (const code of ['ENOSPC', 'EIO']) {
    for (const written of [0, 1, 50, blockHeaderBytes, blockHeaderBytes + 30]) {
      const folder = temporaryFolder(t);
      let left = Number.POSITIVE_INFINITY;
      const writeSync: SpoolFiles['writeSync'] = (fd, bytes, offset, length, position) => {
        if (left === 0) throw Object.assign(new Error(code), { code });
        // Short writes, too.
        const count = fs.writeSync(fd, bytes, offset, Math.min(length, left, 97), position);
        left -= count;
        return count;
      };
      const rig = new Rig(folder, { writeSync });
      t.ok(rig.put(4));
      left = written;
      t.notOk(rig.put(3));
      t.equal(rig.spool.totals.failures, 1);
      t.same(new Rig(folder).blocks(), [[0, 4]], `${code} after ${written} bytes`);
      left = Number.POSITIVE_INFINITY;
      t.ok(rig.put(3));
      t.same(rig.blocks(), [
        [0, 4],
        [4, 3],
      ]);
      t.same(new Rig(folder).blocks(), rig.blocks());
    }
  }
  t.end();
});

t.test('a state survives a write that was torn at any byte', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'state');
  let left = Number.POSITIVE_INFINITY;
  const writeSync: SpoolFiles['writeSync'] = (fd, bytes, offset, length, position) => {
    const count = fs.writeSync(fd, bytes, offset, Math.min(length, left), position);
    left -= count;
    if (left === 0) throw Object.assign(new Error('killed'), { code: 'EIO' });
    return count;
  };
  const open = () => new StateFile(path, { ...fs, writeSync }, checksum);
  t.equal(open().read(), undefined);
  open().write({ round: 0, text: 'x'.repeat(100) });
  for (let round = 1; round < 160; round++) {
    const file = open();
    const before = file.read() as { round: number };
    t.equal(before.round, round - 1);
    left = round;
    const value = { round, text: 'é'.repeat(round % 40) };
    try {
      file.write(value);
    } catch {
      // Torn; or the last byte was the one that it was killed after.
    }
    left = Number.POSITIVE_INFINITY;
    const now = open().read() as { round: number };
    t.ok(now.round === before.round || now.round === round);
    if (now.round !== round) file.write(value);
    file.close();
  }
  t.end();
});

t.test('what is removed is removed oldest first, and never the segment that is written', (t) => {
  const folder = temporaryFolder(t);
  const rig = new Rig(folder);
  for (let block = 0; block < 100; block++) {
    while (rig.spool.isFull(10 * 64)) rig.spool.removeOldest();
    t.ok(rig.put(10));
    t.ok(rig.spool.bytes <= small.bytesMax);
  }
  const blocks = rig.blocks();
  t.equal(blocks.at(-1)?.[0], 990);
  t.equal(blocks[0]?.[0], rig.spool.begin.record);
  for (let more = 0; more < 20; more++) rig.spool.removeOldest();
  t.equal(rig.spool.segmentCount, 1);
  t.equal(rig.spool.oldest, null);
  t.end();
});
