import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { FileSink } from '../../../src/logs/sinks/file/index.ts';
import type { Batch, SinkFailure } from '../../../src/logs/sinks/sink.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { batchOf, sinkContract } from './contract.ts';
import { faulty, filesOf, sinkAt, text, unpacked } from './output.ts';

const batch = (text: string): Batch => batchOf(1, text);

function send(sink: FileSink, text: string): Promise<SinkFailure | null> {
  return new Promise((resolve) => sink.send(batch(text), (failure) => resolve(failure)));
}

for (const options of [{}, { compression: 'gzip' }, { compression: 'zstd' }, { rotate: 60 }] as const) {
  const compression = 'compression' in options ? options.compression : 'none';
  const rotate = { max_bytes: 'rotate' in options ? options.rotate : 0, max_age: 0, keep: 0 };
  sinkContract(`file ${JSON.stringify(options)}`, (t) => {
    let isRefusing = false;
    const fs = faulty((call) => (call === 'write' && isRefusing ? 'ENOSPC' : undefined));
    const path = join(temporaryFolder(t), 'records.ndjson');
    return {
      sink: (ports) => new FileSink({ type: 'file', path, compression, rotate }, ports, fs),
      delivered: () => {
        const pieces = filesOf(path)
          .files()
          .map((name) => readFileSync(join(dirname(path), name)));
        return pieces.map((bytes) => unpacked(bytes, compression)).join('');
      },
      refuse: () => {
        isRefusing = true;
      },
      accept: () => {
        isRefusing = false;
      },
    };
  });
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
        t.equal(files.map((file) => unpacked(readFileSync(file), compression)).join(''), expected);
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
