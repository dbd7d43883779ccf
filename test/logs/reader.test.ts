import { truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadRingBinding } from '../../src/engine/native/ring-binding.ts';
import { compileProgram } from '../../src/logs/encode/compile.ts';
import { FrameEncoder, sampleAll } from '../../src/logs/encode/frames.ts';
import { datasetFields } from '../../src/logs/record/dataset.ts';
import { fixedBytes } from '../../src/logs/record/fixed.ts';
import { frameWord, ringHeader } from '../../src/logs/ring/layout.ts';
import { Ring, type Taken } from '../../src/logs/ring/reader.ts';
import { RingFile, type RingFileOptions } from '../support/ring-file.ts';
import { temporaryFolder } from '../support/temp.ts';

const binding = loadRingBinding();
const { fields } = datasetFields.http_requests;
const names = ['RayID', 'Outcome', 'Sequence', 'ClientRequestURI', 'ZoneName', 'LostRecords'];
const program = compileProgram(
  1,
  names.flatMap((name) => fields.get(name) ?? []),
  'unixnano',
);
const bytes = new Uint8Array(program.lineBytesMax + (1 << 20));
const limits = {
  softLimit: Number.MAX_SAFE_INTEGER,
  recordsMax: Number.MAX_SAFE_INTEGER,
  sampleBelow: sampleAll,
};
const encoder = new FrameEncoder(binding);
const frameBytes = new Uint8Array(1 << 20);

function ringFile(t: Test, options?: RingFileOptions): RingFile {
  const file = new RingFile(join(temporaryFolder(t), 'ring-1.ring'), options);
  t.teardown(() => file.close());
  return file;
}

function openRing(path: string): Ring {
  const opened = Ring.open(binding, path);
  if (opened.found !== 'ring') throw new Error(opened.found);
  return opened.ring;
}

interface Line {
  RayID: string;
  Outcome: string;
  Sequence: number;
  ClientRequestURI: string;
  ZoneName: string;
  LostRecords: number;
}

function parse(end: number): Line[] {
  const text = Buffer.from(bytes.subarray(0, end)).toString();
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
}

function frames(ring: Ring, position: number) {
  const taken = ring.take(position, frameBytes, 0);
  return { ...taken, lines: linesOf(taken) };
}

function linesOf({ offset }: Taken): Line[] {
  const run = { bytes: frameBytes, from: 0, to: offset };
  return parse(encoder.encode(run, program.bytes, bytes, 0, limits).offset);
}

function leftovers(ring: Ring, from = 0) {
  const taken = ring.takeLeftovers(from, frameBytes, 0);
  return { ...taken, lines: linesOf(taken) };
}

t.test('a live ring is followed through many laps, and its space given back', (t) => {
  const file = ringFile(t);
  const ring = openRing(file.path);
  let position = 0;
  let next = 0;
  for (let ray = 0; ray < 3000; ray++) {
    file.write({ ray: ray + 1 }, { path: `/${'p'.repeat((ray * 7919) % 900)}` });
    if (ray % 50 !== 49) continue;
    const done = frames(ring, position);
    for (const { Sequence } of done.lines) t.equal(Sequence, next++);
    position = done.position;
    ring.advance(position);
    ring.refresh();
    t.equal(ring.head, ring.tail);
  }
  t.equal(next, 3000);
  t.equal(ring.nextSequence, 3000);
  ring.advance(position + 8);
  ring.advance(0);
  t.equal(file.head, position, 'the head goes neither beyond the tail nor back');
  ring.close();
  t.end();
});

t.test('what a killed writer left: a prepared record, live exchanges, a loss', (t) => {
  const file = ringFile(t, { workerIndex: 4 });
  file.write({ ray: 1 });
  file.lose(1, 5);
  file.write({ ray: 2 }, {}, 'prepared');
  file.live(0, 2n, '/prepared-too');
  file.live(3, 3n, '/slow?x=1');
  file.live(7, 4n, '/');
  const ring = openRing(file.path);
  t.equal(ring.workerIndex, 4);
  t.equal(frames(ring, 0).records, 1, 'the live reader does not see it');
  ring.seal();
  const done = frames(ring, 0);
  t.match(done.lines, [
    { RayID: '0000000000000001', Outcome: 'ok', Sequence: 0 },
    { RayID: '0000000000000002', Outcome: 'ok', Sequence: 6 },
  ]);
  const left = leftovers(ring);
  t.match(left, { records: 2, losses: 1, lost: 5, isEnd: true });
  t.match(left.lines, [
    {
      RayID: '0000000000000003',
      Outcome: 'interrupted',
      Sequence: 7,
      ClientRequestURI: '/slow?x=1',
      ZoneName: 'site',
    },
    { RayID: '0000000000000004', Outcome: 'interrupted', Sequence: 8, ClientRequestURI: '/' },
    { RayID: '', Outcome: 'lost', Sequence: 1, LostRecords: 5 },
  ]);
  t.match(left, { firstSequence: 1, lastSequence: 8 });
  ring.close();

  const again = openRing(file.path);
  again.seal();
  t.match(leftovers(again).lines.length, 3, 'until they are delivered, they are found again');
  for (const round of ['once', 'and again, as after a crash in between']) {
    again.freeLeftoversBefore(4, 8);
    const rest = leftovers(again).lines;
    t.match(rest[0], { RayID: '0000000000000004', Sequence: 8 }, `numbers go on: ${round}`);
    t.equal(rest.length, 2);
  }
  again.freeLeftoversBefore(again.slotCount + 1, 9);
  t.equal(leftovers(again).lines.length, 0);
  again.close();
  t.end();
});

t.test('files that are no rings of this version are told apart', async (t) => {
  const folder = temporaryFolder(t);
  const found = (path: string) => Ring.open(binding, path).found;
  t.throws(() => found(join(folder, 'none')), { code: 'ENOENT' });

  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  t.equal(found(empty), 'blank');
  writeFileSync(empty, Buffer.alloc(1 << 20));
  t.equal(found(empty), 'blank', 'allocated, and its writer was killed before it wrote the header');
  writeFileSync(empty, Buffer.alloc(1 << 20, 'x'));
  t.equal(found(empty), 'unknown');

  t.equal(found(ringFile(t, { version: 2 }).path), 'unknown');
  const cut = ringFile(t);
  truncateSync(cut.path, 100_000);
  t.equal(found(cut.path), 'damaged');
  t.end();
});

t.test('every word of the header may be wrong, and the reader does not fall for it', async (t) => {
  const file = ringFile(t);
  for (let ray = 1; ray <= 20; ray++) file.write({ ray });
  const handle = await open(file.path, 'r+');
  const header = Buffer.alloc(1024);
  await handle.read(header, 0, header.length, 0);
  for (let at = 0; at < 300; at += 4) {
    for (const value of [0, 1, 7, 8, 0x7fff_ffff, 0xffff_ffff]) {
      const broken = Buffer.from(header);
      broken.writeUInt32LE(value, at);
      await handle.write(broken, 0, broken.length, 0);
      const opened = Ring.open(binding, file.path);
      if (opened.found !== 'ring') continue;
      opened.ring.seal();
      frames(opened.ring, opened.ring.head);
      leftovers(opened.ring);
      opened.ring.close();
    }
  }
  await handle.close();
  t.end();
});

t.test('a frame that makes no sense is skipped with what follows, and counted', async (t) => {
  for (const [word, value] of [
    [frameWord.length, 0],
    [frameWord.length, 12],
    [frameWord.length, 0xffff_fff8],
    [frameWord.state, 0x1234],
    [24 + fixedBytes, 0xffff_0000],
  ] as const) {
    const file = ringFile(t);
    for (let ray = 1; ray <= 3; ray++) file.write({ ray });
    const frameBytes = file.tail / 3;
    const handle = await open(file.path, 'r+');
    const framesOffset = file.framesOffset;
    const broken = Buffer.alloc(4);
    broken.writeUInt32LE(value);
    await handle.write(broken, 0, 4, framesOffset + frameBytes + word);
    await handle.close();
    const ring = openRing(file.path);
    const done = frames(ring, 0);
    t.match(done, { records: 1, position: file.tail, damagedBytes: 2 * frameBytes, isEnd: true }, `${word}`);
    ring.close();
  }
  t.end();
});

t.test('the words of the header that are shared do not share a line', (t) => {
  const lines = [ringHeader.tail, ringHeader.head, ringHeader.wakeArmed, ringHeader.lossCount].map(
    (at) => at >> 7,
  );
  t.equal(new Set(lines).size, lines.length);
  t.end();
});
