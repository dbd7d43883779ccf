/** Purges while origins are asked, many of them, and under load. */
import type { Test } from 'tap';
import { readMetric } from '../../support/admin.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import type { OriginConnection } from '../../support/scripted-origin.ts';
import { ok } from '../../support/scripted-origin.ts';
import { followed } from '../../support/waiting.ts';
import { Deferred, until } from '../../support/within.ts';
import { ask, askAll, isHit, numberOf, purge, type Site } from './site.ts';

export async function everyWorkerAtOnce(t: Test, site: Site): Promise<void> {
  const target = '/at-once?tags=at-once';
  let newest = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    const answers = await askAll(site, target);
    const numbers = answers.map(numberOf);
    if (!numbers.every((one) => one > newest)) t.fail(`turn ${turn}: ${numbers.join()} after ${newest}`);
    newest = Math.max(...numbers);
    const body = turn % 2 === 0 ? { tag: 'at-once' } : { prefix: 'shop.test/at-once' };
    await purge(t, site, { ...body, soft: turn % 4 < 2 });
  }
  t.pass(`${site.clients.flat().length} connections, 20 purges`);
}

/** The answer to a question that was asked before the purge reaches whoever waits for it, and nobody else. */
export async function whileAsked(t: Test, site: Site): Promise<void> {
  const forms = [
    { url: 'http://shop.test/asked' },
    { tag: 'asked' },
    { prefix: 'shop.test/asked' },
    { host: 'shop.test' },
    { all: true },
  ];
  for (const form of forms) {
    for (const vary of [{}, { Vary: 'Accept-Language' }]) {
      const held: { connection: OriginConnection; release: Deferred<void> }[] = [];
      site.origin.scripts.set('/asked', async (connection) => {
        const one = { connection, release: new Deferred<void>() };
        const number = held.push(one);
        await one.release.promise;
        const fields = { 'Cache-Control': 'max-age=600', 'Cache-Tag': 'asked', ...vary };
        await connection.write(ok(`answer ${number}`, fields));
      });
      const what = `${JSON.stringify(form)} ${JSON.stringify(vary)}`;
      await purge(t, site, { url: 'http://shop.test/asked' });
      const early = ask(site, '/asked');
      await until(10_000, 'the first question', () => held[0]);
      await purge(t, site, { ...form });
      const late = ask(site, '/asked');
      // By tag it is not known before the head comes whether the purge has hit it.
      if (!('tag' in form)) await until(10_000, 'the second question', () => held[1]);
      held[0]?.release.resolve();
      t.equal((await early).body.toString(), 'answer 1', what);
      await until(10_000, 'the second question', () => held[1]);
      held[1]?.release.resolve();
      t.equal((await late).body.toString(), 'answer 2', what);
      const next = await ask(site, '/asked');
      t.equal(next.body.toString(), 'answer 2', what);
      t.ok(isHit(next), 'which is kept');
    }
  }
  site.origin.scripts.delete('/asked');
}

/** A purge of each version that is asked for: the origin is well, so nobody who waits is told otherwise. */
export async function purgedAgainAndAgain(t: Test, site: Site): Promise<void> {
  const target = '/again-and-again';
  const clients = 8;
  const held: Deferred<void>[] = [];
  site.origin.scripts.set(target, async (connection, request) => {
    if (request.value('accept-language') === 'en') {
      const release = new Deferred<void>();
      held.push(release);
      await release.promise;
    }
    await connection.write(ok('well', { 'Cache-Control': 'max-age=600', Vary: 'Accept-Language' }));
  });
  await ask(site, target, 'shop.test', { 'Accept-Language': 'de' });
  const before = (await readMetric(site.parapet, 'parapet_collapsed_total')) ?? 0;
  const statuses: number[] = [];
  const waiting = Array.from({ length: clients }, async () => {
    statuses.push((await ask(site, target, 'shop.test', { 'Accept-Language': 'en' })).status);
  });
  await followed(site.parapet, clients - 1, before);
  for (let turn = 0; statuses.length < clients; turn += 1) {
    const isOver = () => (statuses.length === clients ? ('over' as const) : undefined);
    const question = await until(20_000, 'a question, or all answers', () => held[turn] ?? isOver());
    if (question === 'over') break;
    await purge(t, site, { url: `http://shop.test${target}` });
    question.resolve();
  }
  await Promise.all(waiting);
  t.same(new Set(statuses), new Set([200]));
  site.origin.scripts.delete(target);
}

/** What `whileAsked` says, of unsafe methods, which name a URL: its variants, and what request fields extend it to, are meant too. */
export async function changedWhileAsked(t: Test, site: Site): Promise<void> {
  const rows: { what: string; vary?: string; fields?: Record<string, string>; range?: string }[] = [
    { what: 'the response of a URL' },
    { what: 'a variant', vary: 'Accept-Language', fields: { 'Accept-Language': 'en' } },
    { what: 'a key with a request field', fields: { Origin: 'http://a.test' } },
    { what: 'a fetch that nobody shares', range: 'bytes=1-2' },
  ];
  for (const [row, { what, vary, fields = {}, range }] of rows.entries()) {
    const target = `/changed/${row}`;
    const release = new Deferred<void>();
    let asked = 0;
    site.origin.scripts.set(target, async (connection, request) => {
      await connection.readBody(request);
      if (request.method === 'POST') return await connection.write(ok('changed'));
      const number = ++asked;
      if (number === 2) await release.promise;
      const extra = vary === undefined ? {} : { Vary: vary };
      return await connection.write(ok(`answer ${number}`, { 'Cache-Control': 'max-age=600', ...extra }));
    });
    await ask(site, target, 'shop.test', { 'Accept-Language': 'de' });
    if (vary === undefined) await purge(t, site, { url: `http://shop.test${target}` });
    const early = ask(site, target, 'shop.test', range === undefined ? fields : { ...fields, Range: range });
    await until(10_000, 'the question', () => (asked === 2 ? true : undefined));
    await fetchOnce(site.parapet.listener(), target, { method: 'POST', host: 'shop.test' });
    release.resolve();
    t.equal((await early).body.toString(), 'answer 2', what);
    t.equal((await ask(site, target, 'shop.test', fields)).body.toString(), 'answer 3', what);
    t.ok(isHit(await ask(site, target, 'shop.test', fields)), `${what}: which is kept`);
    site.origin.scripts.delete(target);
  }
}

export async function tenThousandTags(t: Test, site: Site): Promise<void> {
  const targets = Array.from(
    { length: 40 },
    (_, index) => `/many/${index}?tags=many-${index * 250},kept-${index}`,
  );
  for (const target of targets) await ask(site, target);
  const others = Array.from({ length: 10 }, (_, index) => `/few/${index}?tags=few-${index}`);
  for (const target of others) await ask(site, target);
  for (let from = 0; from < 10_000; from += 1000) {
    const tag = Array.from({ length: 1000 }, (_, index) => `many-${from + index}`);
    await purge(t, site, { tag });
  }
  for (const target of targets) t.notOk(isHit(await ask(site, target)), target);
  const kept = await Promise.all(others.map(async (target) => isHit(await ask(site, target))));
  t.ok(kept.filter(Boolean).length >= 9, 'what has other tags stays');
}

/** Nothing fails, and no answer is older than a purge that was over before it was asked for. */
export async function underLoad(t: Test, site: Site): Promise<void> {
  const targets = Array.from({ length: 6 }, (_, index) => `/load/${index}?tags=load,load-${index % 2}`);
  /** Number that answers for a target have to exceed. */
  const floors = new Map(targets.map((target) => [target, 0]));
  const newest = new Map(targets.map((target) => [target, 0]));
  const load = { isOver: false };
  let served = 0;
  let hits = 0;
  const old: string[] = [];
  const clients = site.clients.flat().map(async (client, index) => {
    for (let turn = index; !load.isOver; turn += 1) {
      const target = targets[turn % targets.length] as string;
      const floor = floors.get(target) as number;
      const answer = await client.request(target, { host: 'shop.test' });
      const number = numberOf(answer);
      served += 1;
      if (isHit(answer)) hits += 1;
      if (answer.status !== 200 || !(number > floor))
        old.push(`${target}: ${answer.status} ${number} after ${floor}`);
      newest.set(target, Math.max(number, newest.get(target) as number));
    }
  });
  const forms = [
    { body: { tag: 'load' }, hit: () => true },
    { body: { tag: 'load-1' }, hit: (index: number) => index % 2 === 1 },
    { body: { prefix: 'shop.test/load/2' }, hit: (index: number) => index === 2 },
    { body: { all: true }, hit: () => true },
  ];
  for (let turn = 0; turn < 120; turn += 1) {
    const { body, hit } = forms[turn % forms.length] as (typeof forms)[number];
    const before = new Map(newest);
    const from = served;
    await purge(t, site, { ...body, soft: turn % 8 < 4 });
    for (const [index, target] of targets.entries())
      if (hit(index)) floors.set(target, before.get(target) as number);
    await until(20_000, 'a few more answers', () => (served > from + 40 ? true : undefined));
  }
  load.isOver = true;
  await Promise.all(clients);
  t.same(old, [], `${served} answers, ${hits} from the store`);
  t.ok(hits > 0 && hits < served);
}
