import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import type { FileSink, FileSystem } from '../../../src/logs/sinks/file/index.ts';
import { repairOfTail } from '../../../src/logs/sinks/file/request.ts';
import type { Batch, SinkFailure } from '../../../src/logs/sinks/sink.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until, within } from '../../support/within.ts';
import { batchOf, openSink } from './contract.ts';
import { faulty, sinkAt, text } from './output.ts';

const batch = (text: string): Batch => batchOf(1, text);

function send(sink: FileSink, text: string): Promise<SinkFailure | null> {
  return new Promise((resolve) => sink.send(batch(text), (failure) => resolve(failure)));
}

function sinkIn(t: Test, fileSystem?: FileSystem) {
  return sinkAt(t, join(temporaryFolder(t), 'deep', 'er', 'records.ndjson'), {}, fileSystem);
}

t.test('batches are appended to a file that is made with its folders', async (t) => {
  const { sink, path } = sinkIn(t);
  t.equal(await send(sink, '{"a":1}\n'), null);
  t.equal(await send(sink, '{"a":2}\n{"a":3}\n'), null);
  t.equal(text(path), '{"a":1}\n{"a":2}\n{"a":3}\n');
  t.equal(statSync(path).mode & 0o777 & ~0o640, 0, 'others may not read it');
  const { sink: again } = sinkAt(t, path);
  t.equal(await send(again, '{"a":4}\n'), null);
  t.equal(text(path), '{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}\n');
});

t.test('what was written before any batch was acknowledged is taken back', async (t) => {
  for (const before of ['', '{"a":1}\n', '{"a":1}\n{"torn']) {
    const path = join(temporaryFolder(t), 'f');
    writeFileSync(path, before);
    const { sink } = sinkAt(t, path);
    const mark = await new Promise<string | undefined>((resolve) =>
      sink.open(null, (_failure, at) => resolve(at)),
    );
    t.type(mark, 'string');
    const whole = text(path);
    t.equal(await send(sink, '{"b":1}\n{"b":2}\n'), null);
    const { sink: again } = sinkAt(t, path);
    t.equal(await openSink(again, mark ?? null), null);
    t.equal(text(path), whole);
    t.equal(await send(again, '{"b":1}\n'), null);
    t.equal(text(path), `${whole}{"b":1}\n`);
  }
});

t.test('a line that was never finished is cut off, one that is not ours is ended', async (t) => {
  const rows: [before: string, after: string][] = [
    ['', ''],
    ['{"a":1}\n', '{"a":1}\n'],
    ['{"a":1}\n{"b', '{"a":1}\n'],
    ['{"b', ''],
    ['{"a":1}\nnot ours', '{"a":1}\nnot ours\n'],
    ['not ours', 'not ours\n'],
    [`{"a":1}\n${'{'.repeat(2_000_000)}`, `{"a":1}\n${'{'.repeat(2_000_000)}\n`],
  ];
  for (const [before, after] of rows) {
    const path = join(temporaryFolder(t), 'f');
    writeFileSync(path, before);
    const { sink } = sinkAt(t, path);
    t.equal(await send(sink, '{"n":0}\n'), null);
    t.ok(text(path) === `${after}{"n":0}\n`, before.slice(0, 40));
  }
});

t.test('the repair of a tail keeps every whole line', (t) => {
  const line = fc.string({ unit: 'grapheme-ascii' }).map((value) => JSON.stringify({ value }));
  fc.assert(
    fc.property(fc.array(line), line, fc.nat(100), (lines, last, cut) => {
      const whole = lines.map((each) => `${each}\n`).join('');
      const torn = last.slice(0, 1 + (cut % last.length));
      const tail = Buffer.from(whole + torn);
      t.same(repairOfTail(tail, true), { kind: 'truncate', bytes: Buffer.byteLength(torn) });
      t.same(repairOfTail(Buffer.from(whole), true), { kind: 'none' });
    }),
  );
  t.end();
});

t.test('after a failure the file holds nothing of the batch, and the next attempt all of it', async (t) => {
  for (const call of ['open', 'write', 'ftruncate']) {
    let faults: (string | number | undefined)[] = [];
    const { sink, path } = sinkIn(
      t,
      faulty((name) => (name === call ? faults.shift() : undefined)),
    );
    t.equal(await send(sink, '{"a":1}\n'), null);
    faults = call === 'write' ? [3, 'ENOSPC'] : ['EIO'];
    if (call === 'write') {
      t.match(await send(sink, '{"a":2}\n'), { code: 'ENOSPC' });
      t.equal(text(path), '{"a":1}\n', 'what was written is cut off');
    }
    if (call === 'open') sink.reopen();
    await send(sink, '{"a":2}\n').then((failure) => failure && send(sink, '{"a":2}\n'));
    t.equal(text(path), '{"a":1}\n{"a":2}\n', call);
  }
});

t.test('a torn end that cannot be cut off at once is cut off later', async (t) => {
  const faults: Record<string, (string | number | undefined)[]> = { write: [], ftruncate: [] };
  const { sink, path } = sinkIn(
    t,
    faulty((name) => faults[name]?.shift()),
  );
  t.equal(await send(sink, '{"a":1}\n'), null);
  faults.write = [3, 'EIO'];
  faults.ftruncate = ['EIO', 'EIO'];
  t.match(await send(sink, '{"a":2}\n'), { code: 'EIO' });
  t.equal(text(path), '{"a":1}\n{"a', 'torn');
  t.match(await send(sink, '{"a":2}\n'), { code: 'EIO' });
  t.equal(await send(sink, '{"a":2}\n'), null);
  t.equal(text(path), '{"a":1}\n{"a":2}\n');
});

t.test('random faults: accepted batches are there whole, in order and once', async (t) => {
  const fault = fc.constantFrom<(string | number | undefined)[]>(
    undefined,
    undefined,
    undefined,
    0,
    1,
    5,
    'EIO',
    'ENOSPC',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 60 }), async (faults) => {
      const list = [...faults];
      const { sink, path } = sinkIn(
        t,
        faulty(() => list.shift()),
      );
      let expected = '';
      for (let batch = 0; batch < 10; batch++) {
        const lines = `{"batch":${batch},"line":1}\n{"batch":${batch},"line":2}\n`;
        for (let attempt = 0; (await send(sink, lines)) !== null; attempt++) {
          if (attempt > faults.length) throw new Error('never accepted');
        }
        expected += lines;
      }
      t.equal(text(path), expected);
    }),
    { numRuns: 60 },
  );
});

t.test('reopening: the old file keeps what it has, a new one is made at once', async (t) => {
  const { sink, path, ports } = sinkIn(t);
  t.equal(await send(sink, '{"a":1}\n'), null);
  renameSync(path, `${path}.1`);
  const sending = send(sink, '{"a":2}\n');
  sink.reopen();
  t.equal(await sending, null);
  t.equal(text(`${path}.1`), '{"a":1}\n{"a":2}\n', 'a batch on its way stays where it went');
  await until(1000, 'the new file', () => (existsSync(path) ? true : undefined));
  t.equal(await send(sink, '{"a":3}\n'), null);
  t.equal(text(path), '{"a":3}\n');

  renameSync(path, `${path}.2`);
  sink.reopen();
  t.equal(
    await send(sink, '{"a":4}\n'),
    null,
    'a batch that comes while the file is being opened waits for it',
  );
  t.equal(text(path), '{"a":4}\n');
  t.same(ports.told, []);
});

t.test('a file that is removed is replaced at once, one that is moved away after a while', async (t) => {
  const { sink, path, ports } = sinkIn(t);
  t.equal(await send(sink, '{"a":1}\n'), null);
  rmSync(path);
  t.equal(await send(sink, '{"a":2}\n'), null);
  t.equal(text(path), '{"a":2}\n');
  t.match(ports.told, [/was removed or moved away/]);

  renameSync(path, `${path}.1`);
  t.equal(await send(sink, '{"a":3}\n'), null);
  ports.atMs += 1999;
  t.equal(await send(sink, '{"a":4}\n'), null);
  ports.atMs += 1;
  t.equal(await send(sink, '{"a":5}\n'), null);
  t.equal(text(`${path}.1`), '{"a":2}\n{"a":3}\n{"a":4}\n', 'for a signal to come first');
  t.equal(text(path), '{"a":5}\n');
  t.equal(ports.told.length, 2);
});

t.test('a file that failed is looked up by its path again', async (t) => {
  const faults: (string | number | undefined)[] = [];
  const { sink, path } = sinkIn(
    t,
    faulty((name) => (name === 'write' ? faults.shift() : undefined)),
  );
  t.equal(await send(sink, '{"a":1}\n'), null);
  rmSync(path);
  faults.push('ENOSPC');
  t.match(await send(sink, '{"a":2}\n'), { code: 'ENOSPC' });
  t.equal(await send(sink, '{"a":2}\n'), null);
  t.equal(text(path), '{"a":2}\n', 'removing the file is how an operator makes space');
});

t.test('a folder where the file should be', async (t) => {
  const path = join(temporaryFolder(t), 'records');
  mkdirSync(path);
  const { sink } = sinkAt(t, path);
  t.match(await send(sink, '{}\n'), { code: 'EISDIR' });
});

const mayMount = process.getuid?.() === 0;

t.test('a full disk', { skip: mayMount ? false : 'needs root, to mount a small file system' }, async (t) => {
  const folder = temporaryFolder(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    t.pass('mounting is not allowed here');
    return;
  }
  try {
    const path = join(folder, 'records.ndjson');
    const filler = join(folder, 'filler');
    writeFileSync(filler, Buffer.alloc(128 * 1024));
    const { sink } = sinkAt(t, path);
    const lines = `{"filler":"${'x'.repeat(1000)}"}\n`.repeat(40);
    let accepted = 0;
    let failure: SinkFailure | null = null;
    while (failure === null && accepted < 100) {
      failure = await send(sink, lines);
      if (failure === null) accepted += 1;
    }
    t.match(failure, { code: 'ENOSPC' });
    t.ok(accepted > 0);
    t.equal(statSync(path).size, accepted * lines.length, 'no torn batch');
    t.match(await send(sink, lines), { code: 'ENOSPC' });
    truncateSync(filler, 0);
    t.equal(await send(sink, lines), null, 'goes on once there is space');
    t.equal(text(path), lines.repeat(accepted + 1));
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
});

t.test('a folder that takes no new names is a failure, not an endless attempt', async (t) => {
  for (const path of ['/proc/self/fd/none/records', '/dev/fd/63/a/b', '/dev/null/a']) {
    const { sink } = sinkAt(t, path);
    const failure = await within(2000, path, send(sink, '{}\n'));
    t.match(failure?.code ?? '', /^(ENOENT|ENOTDIR|EACCES|EPERM)$/, path);
  }
});

t.test('what is no regular file is written to as it is', async (t) => {
  const { sink } = sinkAt(t, '/dev/null', { rotate: { max_bytes: 1, max_age: 1, keep: 1 } });
  t.equal(await openSink(sink), null);
  const answer = await new Promise((resolve) =>
    sink.send(batch('{}\n'), (failure, mark) => resolve([failure, mark])),
  );
  t.same(answer, [null, undefined]);
  t.equal(await send(sink, '{}\n'), null);
});
