/** The caching rows over HTTP with two workers, and what needs more than a row. */
import type { Test } from 'tap';
import { type ConfigObject, siteConfig } from '../../support/config.ts';
import { type Parapet, runCommand, startParapet } from '../../support/parapet.ts';
import { type Answer, exchangeRaw, fetchOnce, fieldLines } from '../../support/raw-client.ts';
import { ok, type ScriptedOrigin, startScriptedOrigin } from '../../support/scripted-origin.ts';
import { until } from '../../support/within.ts';
import { type CachingCase, cachingCases, type OriginAnswer, type Step } from './caching-cases.ts';

const zones: ConfigObject = {
  zones: [
    { name: 'site', hosts: ['*'], origin: 'site', cache: { mode: 'standard' } },
    { name: 'cdn', hosts: ['cdn.test'], origin: 'site', cache: { mode: 'cdn' } },
    { name: 'off', hosts: ['off.test'], origin: 'site', cache: { mode: 'off' } },
  ],
};

function answerText(answer: OriginAnswer, method: string): string {
  const status = answer.status ?? 200;
  const body = answer.body ?? '';
  const framing = status === 304 ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const date = answer.fields?.['Date'] === undefined ? `Date: ${new Date().toUTCString()}\r\n` : '';
  return `HTTP/1.1 ${status} X\r\n${date}${framing}${fieldLines(answer.fields ?? {})}\r\n${method === 'HEAD' || status === 304 ? '' : body}`;
}

/** A path under which the row's origin answers: the row's number, and whatever the step puts behind it. */
const pathOf = (index: number): string => `/row-${index}`;
const rowOf = (target: string): number => Number(/^\/row-(\d+)/.exec(target)?.[1]);
const requestsOf = (origin: ScriptedOrigin, index: number) =>
  origin.log.filter(({ target }) => rowOf(target) === index);

function serveRows(origin: ScriptedOrigin): void {
  origin.fallback = async (connection, request) => {
    await connection.readBody(request);
    const index = rowOf(request.target);
    const answers = cachingCases[index]?.answers;
    if (answers === undefined) return await connection.write(ok('no row'));
    const nth = requestsOf(origin, index).length - 1;
    const answer = answers[Math.min(nth, answers.length - 1)] as OriginAnswer;
    if (answer.dies === true) connection.reset();
    else await connection.write(answerText(answer, request.method));
  };
}

function checkAnswer(t: Test, step: Step, answer: Answer): void {
  t.equal(answer.status, step.status ?? 200);
  if (step.body !== undefined) t.equal(answer.body.toString(), step.body);
  if (step.cache !== undefined) t.match(answer.field('Cache-Status'), step.cache);
  const age = answer.field('Age');
  if (step.age instanceof RegExp) t.match(age, step.age);
  else if (step.age !== undefined) t.equal(age !== undefined, step.age, `Age is ${age}`);
  for (const [name, expected] of Object.entries(step.has ?? {})) {
    const value = answer.all(name).join(', ');
    if (expected === null) t.same(answer.all(name), [], `${name} is not there`);
    else t.match(value, expected, `${name}: ${value}`);
  }
}

async function checkOrigin(t: Test, step: Step, origin: ScriptedOrigin, index: number): Promise<void> {
  const count = (): number => requestsOf(origin, index).length;
  if (step.origin !== undefined) t.equal(count(), step.origin, `the origin had ${count()} requests`);
  if (step.later !== undefined) {
    await until(5_000, `request ${step.later} at the origin`, () =>
      count() >= (step.later ?? 0) ? true : undefined,
    );
  }
  const last = requestsOf(origin, index).at(-1)?.request;
  for (const [name, expected] of Object.entries(step.sent ?? {})) {
    if (expected === null) t.equal(last?.value(name), undefined);
    else t.match(last?.value(name), expected);
  }
}

async function runRow(
  t: Test,
  parapet: Parapet,
  origin: ScriptedOrigin,
  row: CachingCase,
  index: number,
): Promise<void> {
  for (const [at, step] of row.steps.entries()) {
    t.comment(`step ${at + 1}`);
    const ask = (): Promise<Answer> =>
      fetchOnce(parapet.listener(), `${pathOf(index)}${step.suffix ?? ''}`, {
        method: step.method ?? 'GET',
        host: step.host ?? row.host ?? 'site.test',
        fields: {
          ...(['POST', 'PUT', 'PATCH'].includes(step.method ?? '') ? { 'Content-Length': '0' } : {}),
          ...step.fields,
        },
      });
    const previous = row.steps[at - 1];
    // What a background refresh has fetched is in the store a moment after the origin has answered.
    const answer =
      previous?.later === undefined
        ? await ask()
        : await until(5_000, 'the refreshed response', async () => {
            const tried = await ask();
            return tried.body.toString() === step.body ? tried : undefined;
          });
    checkAnswer(t, step, answer);
    await checkOrigin(t, step, origin, index);
  }
}

export async function cachingTable(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  serveRows(origin);
  const parapet = await startParapet(t, siteConfig(origin.address, zones));
  for (const [index, row] of cachingCases.entries()) {
    await t.test(row.name, (t) => runRow(t, parapet, origin, row, index));
  }
  t.same(origin.faults, []);
}

export async function truncatedIsNotStored(t: Test): Promise<void> {
  let requests = 0;
  const origin = await startScriptedOrigin(t, {
    '/cut': async (connection) => {
      requests += 1;
      if (requests > 1) return await connection.write(ok('whole', { 'Cache-Control': 'max-age=60' }));
      await connection.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nwh');
      connection.end();
    },
  });
  const parapet = await startParapet(t, siteConfig(origin.address));
  await t.rejects(fetchOnce(parapet.listener(), '/cut'), 'the first is cut short');
  t.equal((await fetchOnce(parapet.listener(), '/cut')).body.toString(), 'whole');
  t.match((await fetchOnce(parapet.listener(), '/cut')).field('Cache-Status'), /^parapet; hit/);
}

export async function purge(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  origin.fallback = async (connection) =>
    connection.write(ok('x', { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }));
  const parapet = await startParapet(t, siteConfig(origin.address));
  const ask = (path: string, language: string): Promise<Answer> =>
    fetchOnce(parapet.listener(), path, { fields: { 'Accept-Language': language } });
  const isHit = async (path: string, language: string): Promise<boolean> =>
    (await ask(path, language)).field('Cache-Status')?.startsWith('parapet; hit') ?? false;
  for (const path of ['/p?q=1', '/p?q=2']) for (const language of ['en', 'de']) await ask(path, language);
  t.ok((await isHit('/p?q=1', 'en')) && (await isHit('/p?q=1', 'de')) && (await isHit('/p?q=2', 'en')));
  const purged = await runCommand(['purge', '-c', parapet.config, '--url', 'http://site.test/p?q=1'], {
    cwd: parapet.folder,
  });
  t.equal(purged.code, 0, purged.stderr);
  t.notOk(await isHit('/p?q=1', 'en'), 'gone');
  t.notOk(await isHit('/p?q=1', 'de'), 'with its variants');
  t.ok(await isHit('/p?q=2', 'en'), 'others stay');
  // Both workers share one store: it is gone on whichever connection.
  const again = await Promise.all(Array.from({ length: 20 }, () => isHit('/p?q=1', 'en')));
  t.ok(again.every(Boolean), 'stored again, for all workers');
  const soft = await runCommand(
    ['purge', '-c', parapet.config, '--url', 'http://site.test/p?q=2', '--soft'],
    { cwd: parapet.folder },
  );
  t.equal(soft.code, 0, soft.stderr);
  t.notOk(await isHit('/p?q=2', 'en'), 'a soft purge makes it stale');
  const asSite = async (site: string): Promise<boolean> =>
    (await fetchOnce(parapet.listener(), '/p?q=3', { fields: { 'Accept-Language': 'en', Origin: site } }))
      .field('Cache-Status')
      ?.startsWith('parapet; hit') ?? false;
  await asSite('http://a.test');
  await asSite('http://b.test');
  t.ok((await asSite('http://a.test')) && (await asSite('http://b.test')), 'one for each Origin');
  await runCommand(['purge', '-c', parapet.config, '--url', 'http://site.test/p?q=3'], {
    cwd: parapet.folder,
  });
  t.notOk(await asSite('http://a.test'), 'a purge reaches what request fields extend the key to');
  t.notOk(await asSite('http://b.test'));
}

export async function storedForOldClients(t: Test): Promise<void> {
  const origin = await startScriptedOrigin(t);
  origin.fallback = async (connection) =>
    connection.write(
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
  const parapet = await startParapet(t, siteConfig(origin.address));
  t.equal((await fetchOnce(parapet.listener(), '/old')).body.toString(), 'hello');
  const { answer } = await exchangeRaw(parapet.listener(), 'GET /old HTTP/1.0\r\nHost: site.test\r\n\r\n');
  t.equal(answer.body.toString(), 'hello');
  t.match(answer.field('Cache-Status'), /^parapet; hit/);
  t.equal(answer.field('Content-Length'), '5', 'what is stored whole has a known length');
}
