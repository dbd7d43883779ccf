/** The end of the process at every step of delivery, and random histories: nothing lost unless counted, nothing doubled. */
import fs, { closeSync, openSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { SpoolFiles } from '../../src/logs/index.ts';
import { ringHeader } from '../../src/logs/ring/layout.ts';
import type { RingFile } from '../support/ring-file.ts';
import { temporaryFolder } from '../support/temp.ts';
import {
  full,
  Harness,
  type HarnessOptions,
  jobConfig,
  range,
  type TestSink,
  unaccounted,
} from './harness.ts';

/** Everything on disk ends after so many operations that change it, as with the process. */
function fuse(operations: number): Partial<SpoolFiles> & { isBlown: () => boolean } {
  let left = operations;
  const burn = <A extends unknown[], R>(act: (...args: A) => R) =>
    ((...args: A): R => {
      if (left <= 0) throw Object.assign(new Error('the process has ended'), { code: 'EIO' });
      left -= 1;
      return act(...args);
    }) as (...args: A) => R;
  return {
    isBlown: () => left <= 0,
    writeSync: burn(fs.writeSync as SpoolFiles['writeSync']),
    ftruncateSync: burn(fs.ftruncateSync as SpoolFiles['ftruncateSync']),
    renameSync: burn(fs.renameSync as SpoolFiles['renameSync']),
    unlinkSync: burn(fs.unlinkSync as SpoolFiles['unlinkSync']),
  };
}

/** What a destination has over several processes: the first batch of each id counts. */
class Accepted {
  readonly batches = new Map<string, string>();
  readonly #t: Test;

  constructor(t: Test) {
    this.#t = t;
  }

  take(sink: TestSink): void {
    for (const [index, text] of sink.batches.entries()) {
      const id = sink.acceptedIds[index] as string;
      const before = this.batches.get(id);
      if (before !== undefined && before !== text)
        this.#t.fail(`batch ${id} came again, and was another one`);
      this.batches.set(id, text);
    }
  }

  get lines(): { RayID: string; Outcome: string; LostRecords: number }[] {
    return [...this.batches.values()].flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { RayID: string; Outcome: string; LostRecords: number }),
    );
  }

  get rays(): number[] {
    return this.lines
      .flatMap(({ RayID }) => (RayID === '' ? [] : [Number.parseInt(RayID, 16)]))
      .sort((a, b) => a - b);
  }
}

/** A ring that outlives its processes' shipper: it is found by each of them as left by an earlier one. */
function fill(ring: RingFile, from: number, to: number): void {
  for (const ray of range(from, to)) ring.write({ ray });
}

t.test('the process ends after any number of changes to the disk', async (t) => {
  let wasBlown = true;
  for (let operations = 0; wasBlown; operations++) {
    const folder = temporaryFolder(t);
    const accepted = new Accepted(t);
    const files = fuse(operations);
    const first = new Harness(t, { folder, files });
    const ring = first.ring({ bootId: 7n });
    fill(ring, 1, 12);
    first.start([jobConfig('a', { max_records: 5 })]);
    await first.pass(120);
    for (const sink of first.sinks.get('a') ?? []) accepted.take(sink);
    wasBlown = files.isBlown();
    const next = new Harness(t, { folder });
    next.start([jobConfig('a', { max_records: 7 })]);
    await next.pass(400);
    accepted.take(next.sink('a'));
    t.same(accepted.rays, range(1, 12), `after ${operations}`);
    t.equal(unaccounted(next.job('a')), 0);
    if (operations > 200) throw new Error('it never gets through');
  }
});

t.test('the process ends between the write to the spool and the release of the ring', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  fill(ring, 1, 20);
  await h.pass(300);
  t.same(h.sink('a').rays, range(1, 20));
  const fd = openSync(ring.path, 'r+');
  writeSync(fd, new Uint8Array(8), 0, 8, ringHeader.head);
  closeSync(fd);
  const next = new Harness(t, { folder: h.folder });
  next.start([jobConfig('a')], [ring]);
  ring.write({ ray: 21 });
  await next.pass(300);
  t.same(next.sink('a').rays, [21]);
  t.equal(next.sink('a').opened[0], 'mark 1', 'the mark of the last batch is remembered');
});

t.test('the process ends before any batch has been accepted', async (t) => {
  const h = new Harness(t);
  const ring = h.ring();
  h.start([jobConfig('a')], [ring]);
  fill(ring, 1, 20);
  h.sink('a').reply = undefined;
  await h.pass(300);
  t.equal(h.sink('a').attempts, 1, 'it is on its way');
  t.same(h.sink('a').opened, [null]);
  const next = new Harness(t, { folder: h.folder });
  next.start([jobConfig('a')], [ring]);
  await next.pass(300);
  t.same(next.sink('a').opened, ['mark 0'], 'where the destination stood before the first batch');
  t.same(next.sink('a').rays, range(1, 20));
});

/** Small and fast; the seed names a history. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0;
    return ((state >>> 0) / 2 ** 32) * below;
  };
}

class History {
  readonly accepted: Map<string, Accepted>;
  readonly #t: Test;
  readonly #random: (below: number) => number;
  readonly #options: HarnessOptions;
  #harness: Harness;
  #ring: RingFile;
  ray = 0;

  constructor(t: Test, seed: number, names: string[]) {
    this.#t = t;
    this.#random = randomOf(seed);
    this.#options = { folder: temporaryFolder(t), spool: { bytesMax: 60_000, segmentBytes: 15_000 } };
    this.accepted = new Map(names.map((name) => [name, new Accepted(t)]));
    this.#harness = new Harness(t, this.#options);
    this.#ring = this.#harness.ring();
    this.#harness.start(this.#configs(), [this.#ring]);
  }

  #configs() {
    const records = 1 + Math.floor(this.#random(40));
    return [...this.accepted.keys()].map((name) =>
      jobConfig(name, { max_records: records, max_interval: 0.02 }),
    );
  }

  #account(): void {
    for (const job of this.#harness.stats.jobs) this.#t.equal(unaccounted(job), 0, job.name);
  }

  #end(): void {
    for (const [name, accepted] of this.accepted) {
      for (const sink of this.#harness.sinks.get(name) ?? []) accepted.take(sink);
    }
  }

  async step(): Promise<void> {
    const what = Math.floor(this.#random(10));
    const h = this.#harness;
    if (what < 5) {
      for (let count = this.#random(60); count > 0 && this.#ring.free > 1024; count--)
        this.#ring.write({ ray: ++this.ray });
      await h.pass(20);
    } else if (what < 7) {
      const names = [...this.accepted.keys()];
      h.sink(names[Math.floor(this.#random(names.length))] as string).reply = what === 5 ? full : null;
      await h.pass(this.#random(500));
    } else if (what === 7) {
      h.configure(this.#configs());
      await h.pass(10);
    } else if (what === 8) {
      this.#account();
    } else {
      // A process that has ended answers no more: what its sinks have been given is settled before.
      for (const sinks of h.sinks.values()) for (const sink of sinks) sink.reply = undefined;
      await new Promise(setImmediate);
      this.#end();
      this.#harness = new Harness(this.#t, this.#options);
      this.#harness.start(this.#configs(), [this.#ring]);
    }
  }

  async finish(): Promise<void> {
    for (const name of this.accepted.keys()) this.#harness.sink(name).reply = null;
    await this.#harness.pass(130_000);
    this.#account();
    this.#end();
  }
}

t.test('random histories of jobs, failures, restarts and a spool that is too small', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const history = new History(t, seed, ['a', 'b']);
    for (let step = 0; step < 60; step++) await history.step();
    await history.finish();
    for (const [name, accepted] of history.accepted) {
      const { rays, lines } = accepted;
      t.equal(new Set(rays).size, rays.length, `seed ${seed}, job ${name}: no record twice`);
      const lost = lines.reduce(
        (sum, { Outcome, LostRecords }) => sum + (Outcome === 'lost' ? LostRecords : 0),
        0,
      );
      t.equal(rays.length + lost, history.ray, `seed ${seed}, job ${name}: what is missing was told`);
    }
  }
});
