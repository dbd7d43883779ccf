import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import type { FileDestination } from '../../../src/logs/sinks/file/config.ts';
import { FileSink, type FileSystem, systemFiles } from '../../../src/logs/sinks/file/index.ts';
import { repairOfTail } from '../../../src/logs/sinks/file/request.ts';
import type { Batch, SinkFailure, SinkPorts } from '../../../src/logs/sinks/sink.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until, within } from '../../support/within.ts';

const batch = (text: string): Batch => ({
  id: '0'.repeat(32),
  job: 'access',
  bytes: Buffer.from(text),
  records: 1,
  firstMs: 0,
  lastMs: 0,
});

function send(sink: FileSink, text: string): Promise<SinkFailure | null> {
  return new Promise((resolve) => sink.send(batch(text), (failure) => resolve(failure)));
}

/** The file system, with a say before each call: an error code makes it fail, a number makes a write short. */
function faulty(decide: (call: string) => string | number | undefined): FileSystem {
  const failure = (code: string): NodeJS.ErrnoException =>
    Object.assign(new Error(`${code}: made up`), { code });
  const check = (call: string): number | undefined => {
    const fault = decide(call);
    if (typeof fault === 'string') throw failure(fault);
    return fault;
  };
  return {
    ...systemFiles,
    open: async (path, flags, mode) => {
      check('open');
      return await systemFiles.open(path, flags, mode);
    },
    writeSync: (fd, bytes) => systemFiles.writeSync(fd, bytes.subarray(0, check('write') ?? bytes.length)),
    ftruncate: async (fd, length) => {
      check('ftruncate');
      await systemFiles.ftruncate(fd, length);
    },
    rename: async (from, to) => {
      check('rename');
      await systemFiles.rename(from, to);
    },
  };
}

const plain = { rotate: { max_bytes: 0, max_age: 0, keep: 0 }, compression: 'none' } as const;

class Ports implements SinkPorts {
  readonly told: string[] = [];
  atMs = Date.UTC(2027, 0, 31, 23, 59, 59, 999);

  tell(_level: 'info' | 'error', text: string): void {
    this.told.push(text);
  }

  nowMs(): number {
    return this.atMs;
  }
}

function sinkAt(
  t: Test,
  path: string,
  options: Partial<FileDestination> = {},
  fileSystem: FileSystem = systemFiles,
) {
  const ports = new Ports();
  const sink = new FileSink({ type: 'file', path, ...plain, ...options }, bound(ports), fileSystem);
  t.teardown(() => new Promise<void>((resolve) => sink.close(resolve)));
  return { sink, ports, path };
}

const bound = (ports: Ports): SinkPorts => ({
  tell: (level, line) => ports.tell(level, line),
  nowMs: () => ports.nowMs(),
});

function sinkIn(t: Test, fileSystem?: FileSystem) {
  return sinkAt(t, join(temporaryFolder(t), 'deep', 'er', 'records.ndjson'), {}, fileSystem);
}

const text = (path: string): string => readFileSync(path, 'utf8');

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

interface Numbered {
  /** The batches in the files, the rotated ones first. */
  all(): string;
  files(): string[];
}

function filesOf(path: string): Numbered {
  const folder = dirname(path);
  const stem = basename(path).split('.')[0] ?? '';
  const files = () =>
    readdirSync(folder)
      .filter((name) => name.startsWith(stem) && name !== basename(path))
      .sort()
      .concat(existsSync(path) ? basename(path) : []);
  return {
    files,
    all: () =>
      files()
        .map((name) => text(join(folder, name)))
        .join(''),
  };
}

t.test('rotation by size: no file is longer, and every line is in one of them, once', async (t) => {
  const path = join(temporaryFolder(t), 'records.ndjson');
  const { sink, ports } = sinkAt(t, path, { rotate: { max_bytes: 100, max_age: 0, keep: 0 } });
  let expected = '';
  for (let n = 0; n < 40; n++) {
    const lines = `{"n":${n}}\n`.repeat(1 + (n % 5));
    ports.atMs += n % 3;
    t.equal(await send(sink, lines), null);
    expected += lines;
  }
  const long = `{"long":"${'x'.repeat(200)}"}\n`;
  t.equal(await send(sink, long), null);
  const { all, files } = filesOf(path);
  t.equal(all(), expected + long);
  t.ok(files().length > 5);
  for (const name of files().slice(0, -1)) {
    t.match(name, /^records\.20270(13|20)[0-9]T[0-9]{6}\.[0-9]{3}Z\.ndjson$/);
    t.ok(statSync(join(dirname(path), name)).size <= 100);
  }
  t.equal(text(path), long, 'a batch that is too long has a file of its own');
});

t.test('rotation by age, and only so many files are kept', async (t) => {
  const path = join(temporaryFolder(t), 'records');
  writeFileSync(join(dirname(path), 'records.20260101.gz'), 'somebody else');
  const { sink, ports } = sinkAt(t, path, { rotate: { max_bytes: 0, max_age: 60, keep: 2 } });
  ports.atMs = Date.now();
  for (let n = 0; n < 6; n++) {
    t.equal(await send(sink, `{"n":${n}}\n`), null);
    ports.atMs += 30_000;
  }
  const { all, files } = filesOf(path);
  t.equal(all().replace('somebody else', ''), '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n{"n":5}\n');
  ports.atMs += 60_000;
  t.equal(await send(sink, '{"n":6}\n'), null);
  t.equal(all().replace('somebody else', ''), '{"n":2}\n{"n":3}\n{"n":4}\n{"n":5}\n{"n":6}\n');
  t.equal(files().length, 4, 'what has another name is left alone');
});

t.test('a rotation that fails costs nothing', async (t) => {
  const faults: string[] = [];
  const path = join(temporaryFolder(t), 'records.ndjson');
  const fs = faulty((call) => (call === faults[0] ? faults.shift() && 'EACCES' : undefined));
  const { sink } = sinkAt(t, path, { rotate: { max_bytes: 8, max_age: 0, keep: 0 } }, fs);
  let expected = '';
  for (let n = 0; n < 6; n++) {
    faults.splice(0, 2, ...(n % 2 === 0 ? ['rename'] : ['open']));
    const lines = `{"n":${n}}\n`;
    if ((await send(sink, lines)) !== null) t.equal(await send(sink, lines), null);
    expected += lines;
  }
  t.equal(filesOf(path).all(), expected);
  t.same(faults, [], 'each was met');
});

t.test('compressed: members and frames that the usual programs read at any time', async (t) => {
  for (const [compression, program] of [
    ['gzip', 'zcat'],
    ['zstd', 'zstdcat'],
  ] as const) {
    const path = join(temporaryFolder(t), `records.ndjson.${compression === 'gzip' ? 'gz' : 'zst'}`);
    const { sink } = sinkAt(t, path, { compression, rotate: { max_bytes: 120, max_age: 0, keep: 0 } });
    let expected = '';
    for (let n = 0; n < 12; n++) {
      const lines = `{"n":${n},"text":"${'a'.repeat(n)}"}\n`.repeat(3);
      t.equal(await send(sink, lines), null);
      expected += lines;
      const folder = dirname(path);
      const files = filesOf(path)
        .files()
        .map((name) => join(folder, name));
      const read = spawnSync(program, files, { encoding: 'utf8' });
      if (read.error !== undefined) {
        const unpack = compression === 'gzip' ? gunzipSync : zstdDecompressSync;
        t.equal(files.map((file) => unpack(readFileSync(file)).toString()).join(''), expected);
      } else {
        t.equal(read.stdout, expected, read.stderr);
      }
    }
    t.ok(filesOf(path).files().length > 2, 'they were rotated, too');
  }
});

const open = (sink: FileSink, mark: string | null): Promise<SinkFailure | null> =>
  new Promise((resolve) => sink.open(mark, resolve));

function sendForMark(sink: FileSink, lines: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sink.send(batch(lines), (failure, mark) =>
      failure === null && mark !== undefined ? resolve(mark) : reject(failure),
    );
  });
}

t.test('what was written and not acknowledged is cut off by the next process', async (t) => {
  for (const compression of ['none', 'gzip'] as const) {
    const path = join(temporaryFolder(t), 'records.ndjson');
    const { sink: first } = sinkAt(t, path, { compression });
    t.equal(await open(first, null), null);
    const mark = await sendForMark(first, '{"n":1}\n');
    await sendForMark(first, '{"n":2}\n');
    appendFileSync(path, 'half a li');

    const { sink: next, ports } = sinkAt(t, path, { compression });
    t.equal(await open(next, mark), null);
    t.match(ports.told, [/were not acknowledged, and are cut off/]);
    await sendForMark(next, '{"n":2}\n');
    const unpacked = compression === 'gzip' ? gunzipSync(readFileSync(path)).toString() : text(path);
    t.equal(unpacked, '{"n":1}\n{"n":2}\n');
  }
});

t.test('also where a rotation was between the two', async (t) => {
  const path = join(temporaryFolder(t), 'records.ndjson');
  const rotate = { max_bytes: 16, max_age: 0, keep: 0 };
  const { sink: first } = sinkAt(t, path, { rotate });
  t.equal(await open(first, null), null);
  const mark = await sendForMark(first, '{"n":1}\n');
  await sendForMark(first, '{"n":2}\n');
  await sendForMark(first, '{"n":3}\n');
  t.equal(filesOf(path).files().length, 2);

  const { sink: next, ports } = sinkAt(t, path, { rotate });
  t.equal(await open(next, mark), null);
  t.equal(ports.told.length, 2, 'of both files');
  await sendForMark(next, '{"n":2}\n');
  await sendForMark(next, '{"n":3}\n');
  t.equal(filesOf(path).all(), '{"n":1}\n{"n":2}\n{"n":3}\n');
});

t.test('a file that is gone, another one, or shorter than it was: told, and continued', async (t) => {
  const rows: [string, (path: string) => void, RegExp, string][] = [
    ['gone', (path) => rmSync(path), /is gone/, ''],
    [
      'another',
      (path) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, '{"other":1}\n');
      },
      /is another file now/,
      '{"other":1}\n',
    ],
    ['shorter', (path) => truncateSync(path, 3), /is 5 bytes shorter/, ''],
  ];
  for (const [what, spoil, told, before] of rows) {
    const path = join(temporaryFolder(t), 'records.ndjson');
    const { sink: first } = sinkAt(t, path);
    t.equal(await open(first, null), null);
    const mark = await sendForMark(first, '{"n":1}\n');
    spoil(path);
    const { sink: next, ports } = sinkAt(t, path);
    t.equal(await open(next, mark), null);
    t.match(ports.told, [told], what);
    await sendForMark(next, '{"n":2}\n');
    t.equal(text(path), `${before}{"n":2}\n`, what);
  }
});

t.test('of a compressed file nobody can see whether its end is whole: it is put aside', async (t) => {
  const path = join(temporaryFolder(t), 'records.ndjson.gz');
  writeFileSync(path, gzipSync('{"n":1}\n').subarray(0, 20));
  const { sink } = sinkAt(t, path, { compression: 'gzip' });
  t.equal(await open(sink, null), null);
  t.equal(await send(sink, '{"n":2}\n'), null);
  t.equal(gunzipSync(readFileSync(path)).toString(), '{"n":2}\n');
  t.equal(filesOf(path).files().length, 2);
});

t.test('a mark of another kind of destination is no mark', async (t) => {
  const path = join(temporaryFolder(t), 'records.ndjson');
  writeFileSync(path, '{"n":1}\n');
  const { sink, ports } = sinkAt(t, path);
  t.equal(await open(sink, 'file of-nonsense'), null);
  t.equal(await send(sink, '{"n":2}\n'), null);
  t.equal(text(path), '{"n":1}\n{"n":2}\n');
  t.same(ports.told, []);
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
  t.equal(await open(sink, null), null);
  const answer = await new Promise((resolve) =>
    sink.send(batch('{}\n'), (failure, mark) => resolve([failure, mark])),
  );
  t.same(answer, [null, undefined]);
  t.equal(await send(sink, '{}\n'), null);
});
