import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import type { JobConfig } from '../../src/logs/config.ts';
import type { FromShipper, ToShipper } from '../../src/shipper/protocol.ts';
import { RingFile } from '../support/ring-file.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until, within } from '../support/within.ts';

const roomy = { bytesMax: 64 * 1024 * 1024, segmentBytes: 1024 * 1024 };

function fileJob(path: string): JobConfig {
  return {
    name: 'access',
    dataset: 'http_requests',
    destination: { type: 'file', path, rotate: { max_bytes: 0, max_age: 0, keep: 0 }, compression: 'none' },
    output: { timestamp_format: 'rfc3339' },
    batch: { max_bytes: 65_536, max_records: 100_000, max_interval: 0.05 },
  };
}

class Thread {
  readonly worker = new Worker(new URL('../../src/shipper/shipper.thread.ts', import.meta.url));
  readonly heard: FromShipper[] = [];

  constructor(t: Test) {
    this.worker.on('message', (message: FromShipper) => this.heard.push(message));
    t.teardown(() => this.worker.terminate());
  }

  send(message: ToShipper): void {
    this.worker.postMessage(message);
  }

  hears<T extends FromShipper['type']>(type: T): Promise<Extract<FromShipper, { type: T }>> {
    return until(5000, `a message ${type}`, () => {
      const at = this.heard.findIndex((message) => message.type === type);
      return at === -1 ? undefined : (this.heard.splice(at, 1)[0] as Extract<FromShipper, { type: T }>);
    });
  }
}

/** Of the whole lines: the last one may just be being written. */
function rays(path: string): number[] {
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number.parseInt(JSON.parse(line).RayID, 16));
}

t.test('the thread delivers a live ring into a file, drains, and ends', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'out', 'records.ndjson');
  const left = new RingFile(join(folder, 'ring-00000000000000ff-1.ring'), { bootId: 0xffn });
  left.write({ ray: 1 });
  left.close();
  const ring = new RingFile(join(folder, 'ring-0000000000000001-2.ring'));
  const thread = new Thread(t);
  thread.send({
    type: 'start',
    directory: folder,
    bootIdHex: '0000000000000001',
    rings: [ring.path],
    jobs: [fileJob(path)],
    spool: roomy,
  });
  t.match(await thread.hears('started'), { recovered: 1 });
  for (let ray = 2; ray <= 100; ray++) ring.write({ ray });
  await until(5000, 'the records', () => (existsSync(path) && rays(path).length === 100 ? true : undefined));

  thread.send({ type: 'stats', id: 5 });
  t.match(await thread.hears('stats'), { id: 5, stats: { jobs: [{ delivered: 100 }], recoveredRings: 1 } });

  for (let ray = 101; ray <= 120; ray++) ring.write({ ray });
  ring.end();
  const ended = once(thread.worker, 'exit');
  thread.send({ type: 'drain', deadlineMs: 5000 });
  t.match(await thread.hears('drained'), { isComplete: true, stats: { jobs: [{ delivered: 120 }] } });
  t.same(await within(5000, 'the end of the thread', ended), [0]);
  t.equal(new Set(rays(path)).size, 120);
  t.notOk(existsSync(ring.path));
  t.notOk(existsSync(left.path));
  ring.close();
});

const mayMount = process.getuid?.() === 0;

t.test(
  'a full disk: nothing is lost once there is space again',
  { skip: mayMount ? false : 'needs root, to mount a small file system' },
  async (t) => {
    const folder = temporaryFolder(t);
    const disk = temporaryFolder(t);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      t.pass('mounting is not allowed here');
      return;
    }
    t.teardown(() => execFileSync('umount', ['-l', disk]));
    const path = join(disk, 'records.ndjson');
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(250_000));
    const ring = new RingFile(join(folder, 'ring-0000000000000001-1.ring'));
    const thread = new Thread(t);
    thread.send({
      type: 'start',
      directory: folder,
      bootIdHex: '0000000000000001',
      rings: [ring.path],
      jobs: [fileJob(path)],
      spool: roomy,
    });
    for (let ray = 1; ray <= 150; ray++) ring.write({ ray });
    t.match(await thread.hears('notice'), { level: 'error', text: /no space left/ });
    t.notOk(existsSync(path) && rays(path).length > 0, 'no torn line');
    writeFileSync(filler, '');
    t.match(await thread.hears('notice'), { level: 'info', text: /delivers .* again/ });
    await until(5000, 'the records', () => (rays(path).length === 150 ? true : undefined));
    thread.send({ type: 'drain', deadlineMs: 5000 });
    t.match(await thread.hears('drained'), {
      isComplete: true,
      stats: { jobs: [{ delivered: 150, inFlight: 0 }] },
    });
    ring.close();
  },
);
