/** Any number of requests for one cold key are one request at the origin, whatever the response turns out to be. */
import type { Test } from 'tap';
import { readMetric } from '../../support/admin.ts';
import type { Parapet } from '../../support/parapet.ts';
import { patternBody } from '../../support/pattern.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import type { ScriptedOrigin } from '../../support/scripted-origin.ts';
import { ask, followed, type Waiting } from '../../support/waiting.ts';
import { Deferred, until, within } from '../../support/within.ts';

export interface Site {
  origin: ScriptedOrigin;
  parapet: Parapet;
}

const body = patternBody(60_000);
const storable = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n';
const longMs = 60_000;

async function connected(t: Test, { parapet }: Site, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  // In groups that the queue of a listening socket holds.
  while (clients.length < count) {
    const group = Math.min(100, count - clients.length);
    clients.push(
      ...(await Promise.all(Array.from({ length: group }, () => RawClient.connect(parapet.listener())))),
    );
  }
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  return clients;
}

const collapsedSoFar = async ({ parapet }: Site) =>
  (await readMetric(parapet, 'parapet_collapsed_total')) ?? 0;

export async function thousandClients(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const clients = await connected(t, site, 1000);
  const allBegun = new Deferred<void>();
  origin.scripts.set('/cold', async (connection) => {
    await connection.write(`${storable}Content-Length: ${body.length}\r\n\r\n`);
    await connection.write(body.subarray(0, 1000));
    await within(longMs, 'the first byte at every client', allBegun.promise);
    await connection.write(body.subarray(1000));
  });
  const waiting = clients.map((client) => ask(client, '/cold', { timeoutMs: longMs }));
  await Promise.all(waiting.map(({ begun }) => begun));
  allBegun.resolve();
  const answers = await Promise.all(waiting.map(({ answer }) => answer));
  t.equal(origin.requestsOf('/cold').length, 1, 'the origin sees exactly one request');
  t.equal(answers.filter((answer) => answer.status === 200 && answer.body.equals(body)).length, 1000);
  t.match((await fetchOnce(parapet.listener(), '/cold')).field('Cache-Status'), /^parapet; hit/);
}

/** Each variant is fetched once, though nobody knows of variants when the requests come. */
export async function variants(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const languages = ['de', 'en', 'fr'];
  const clients = await connected(t, site, 150);
  const before = await collapsedSoFar(site);
  const go = new Deferred<void>();
  origin.scripts.set('/varied', async (connection, request) => {
    await go.promise;
    const text = `in ${request.value('x-language')}`;
    await connection.write(`${storable}Vary: X-Language\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  });
  const languageOf = (index: number) => languages[index % languages.length] as string;
  const askAll = (): Waiting[] =>
    clients.map((client, index) =>
      ask(client, '/varied', { fields: { 'X-Language': languageOf(index) }, timeoutMs: longMs }),
    );
  const waiting = askAll();
  await followed(parapet, clients.length - 1, before);
  go.resolve();
  for (const [index, { answer }] of waiting.entries())
    t.equal((await answer).body.toString(), `in ${languageOf(index)}`);
  t.equal(origin.requestsOf('/varied').length, languages.length, 'one request for each variant');
  for (const { answer } of askAll()) await answer;
  t.equal(origin.requestsOf('/varied').length, languages.length, 'all are stored');
}

/** What may not be stored is known with its head: nobody waits for its body. */
export async function uncacheable(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const clients = await connected(t, site, 100);
  const before = await collapsedSoFar(site);
  const seen = () => origin.requestsOf('/private').length;
  const go = new Deferred<void>();
  const allHere = new Deferred<void>();
  origin.scripts.set('/private', async (connection) => {
    const isFirst = seen() === 1;
    await go.promise;
    await connection.write('HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 4\r\n\r\n');
    if (isFirst) await within(longMs, 'all others at the origin', allHere.promise);
    await connection.write('mine');
  });
  const waiting = clients.map((client) => ask(client, '/private', { timeoutMs: longMs }));
  await followed(parapet, clients.length - 1, before);
  t.equal(seen(), 1, 'one asks for all');
  go.resolve();
  await until(longMs, 'all at the origin', () => (seen() === clients.length ? true : undefined));
  allHere.resolve();
  for (const { answer } of waiting) t.equal((await answer).body.toString(), 'mine');

  // The key is remembered: the next ones do not queue.
  const together = new Deferred<void>();
  origin.scripts.set('/private', async (connection) => {
    await within(longMs, 'all of them at the origin', together.promise);
    await connection.write('HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 4\r\n\r\nmine');
  });
  const again = clients.map((client) => ask(client, '/private', { timeoutMs: longMs }));
  await until(longMs, 'all at the origin at once', () => (seen() === 2 * clients.length ? true : undefined));
  together.resolve();
  for (const { answer } of again) t.equal((await answer).status, 200);
}

/** The first client goes before anything has come; the fetch is for the others now. */
export async function leaderLeaves(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const [leader, ...others] = await connected(t, site, 200);
  const before = await collapsedSoFar(site);
  const arrived = new Deferred<void>();
  const go = new Deferred<void>();
  origin.scripts.set('/left', async (connection) => {
    arrived.resolve();
    await go.promise;
    await connection.write(`${storable}Content-Length: ${body.length}\r\n\r\n`);
    await connection.write(body);
  });
  ask(leader as RawClient, '/left');
  await within(longMs, 'the request at the origin', arrived.promise);
  const waiting = others.map((client) => ask(client, '/left', { timeoutMs: longMs }));
  await followed(parapet, others.length, before);
  (leader as RawClient).reset();
  go.resolve();
  const answers = await Promise.all(waiting.map(({ answer }) => answer));
  t.ok(answers.every((answer) => answer.status === 200 && answer.body.equals(body)));
  t.equal(origin.requestsOf('/left').length, 1);
}

/** An origin that fails is asked by one at a time. */
export async function failingOrigin(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const clients = await connected(t, site, 200);
  const before = await collapsedSoFar(site);
  const go = new Deferred<void>();
  origin.scripts.set('/fails', async (connection) => {
    if (origin.requestsOf('/fails').length > 1) {
      await connection.write(`${storable}Content-Length: ${body.length}\r\n\r\n`);
      await connection.write(body);
      return;
    }
    await go.promise;
    connection.end();
  });
  const waiting = clients.map((client) => ask(client, '/fails', { timeoutMs: longMs }));
  await followed(parapet, clients.length - 1, before);
  go.resolve();
  const answers = await Promise.all(waiting.map(({ answer }) => answer));
  const whole = answers.filter((answer) => answer.status === 200 && answer.body.equals(body));
  t.ok(whole.length >= clients.length - 1, `${whole.length} of ${clients.length} got it`);
  t.ok(origin.requestsOf('/fails').length <= 3, `${origin.requestsOf('/fails').length} requests`);
}
