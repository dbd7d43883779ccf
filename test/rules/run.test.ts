/** Loaded programs: in several workers at once, without garbage where nothing matches, and code that V8 can optimise. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { hundredRules, manyRules } from '../../bench/micro/rules.ts';
import { Bench, compile } from './support.ts';

const worker = `
  const { workerData, parentPort } = require('node:worker_threads');
  Promise.all([import(workerData.run), import(workerData.support)]).then(([{ loadSet }, { Bench }]) => {
    const bench = new Bench();
    const matcher = loadSet(workerData.program, bench.reader);
    bench.send({ host: 'a', target: '/api/v12/users' });
    parentPort.postMessage([matcher.next(0), matcher.next(1)]);
  });
`;

t.test('several workers load the same program, patterns included', async (t) => {
  const { program } = compile([
    'http.request.uri.path matches "^/api/v[0-9]+/"',
    'http.host contains "none"',
  ]);
  const run = new URL('../../src/rules/run/index.ts', import.meta.url).href;
  const support = new URL('support.ts', import.meta.url).href;
  const answers = await Promise.all(
    [1, 2, 3].map(async () => {
      const one = new Worker(worker, { eval: true, workerData: { program, run, support } });
      const [answer] = (await once(one, 'message')) as [unknown];
      await one.terminate();
      return answer;
    }),
  );
  t.strictSame(answers, [
    [0, -1],
    [0, -1],
    [0, -1],
  ]);
});

t.test('no text of a user is in generated code', async (t) => {
  const mark = 'zq9mark';
  const { program } = compile([
    `http.host == "${mark}" or http.request.headers["${mark}"][0] contains "${mark}`.concat('" and ssl'),
    `http.host matches "${mark}[a-z]" or http.host wildcard "${mark}*${mark}"`,
    `http.host in {"${mark}" "1" "2" "3" "4"} or any(lower(http.request.uri.args["${mark}"][*])[*] == "${mark}")`,
  ]);
  const code = [...program!.chunks, ...program!.shared, ...program!.values.map(([, body]) => body)].join(
    '\n',
  );
  t.notMatch(code, mark);
  t.match(code, /return function/);
  // Names of one letter and a number, words of the language, and what `run/load.ts` hands in.
  const words = new Set(code.match(/[A-Za-z_]\w{3,}/g));
  const known = [
    'const',
    'return',
    'function',
    'null',
    'text',
    'list',
    'truth',
    'true',
    'false',
    'includes',
    'test',
  ];
  const more = ['isGlob', 'none', 'length', 'startsWith', 'endsWith', 'epoch', 'itemAt'];
  t.strictSame(
    [...words].filter((word) => !known.includes(word) && !more.includes(word)),
    [],
  );
});

t.test('functions stay far below what V8 gives up on', async (t) => {
  const many = manyRules(10_000);
  const long = `ssl and (${Array.from({ length: 150 }, (_, index) => `http.host != "host-${index}"`).join(' and ')})`;
  for (const texts of [many.texts, hundredRules().texts.filter((text) => !text.includes('$')), [long]]) {
    const { program } = compile(texts);
    // A character of source is about half a byte of bytecode, and V8 gives up at 60 KiB of it.
    const longest = Math.max(...[...program!.chunks, ...program!.shared].map((code) => code.length));
    t.ok(longest < 16_384, `${longest} characters`);
  }
});

t.test('a request that no rule matches leaves no garbage', async (t) => {
  const bench = new Bench();
  const matcher = bench.load(manyRules(1000).texts);
  bench.send({
    host: 'www.bench.test',
    target: '/assets/app.js?v=1',
    ip: '203.0.113.77',
    fields: [['user-agent', 'curl']],
  });
  const turn = (times: number): void => {
    for (let index = 0; index < times; index += 1) {
      bench.again();
      if (matcher.next(0) !== -1) throw new Error('a rule matches');
    }
  };
  turn(50_000);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    const before = process.memoryUsage().heapUsed;
    turn(20_000);
    least = Math.min(least, Math.abs(process.memoryUsage().heapUsed - before) / 20_000);
  }
  t.ok(least < 8, `${least.toFixed(1)} bytes per request`);
});
