/** The operator's pages: chosen by zone and status, the same for policy and engine, whole for every kind of client. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { type Address, type Answer, exchangeRaw, fetchOnce, RawClient } from '../../support/raw-client.ts';
import { waitRecord } from '../../support/records.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until } from '../../support/within.ts';

/** Nobody listens there: each request for it is a 502. */
const nowhere: Address = { host: '127.0.0.1', port: 1 };
const large = `<!doctype html><title>{{status}}</title><p>{{reason}}: {{ray_id}}<!--${'x'.repeat(60_000)}-->\n`;

function pagesConfig() {
  return siteConfig(nowhere, {
    zones: [
      { name: 'site', hosts: ['site.test'], origin: 'site' },
      {
        name: 'api',
        hosts: ['api.test'],
        origin: 'site',
        error_pages: {
          default: {
            content: '{"status":{{status}},"ray":"{{ray_id}}"}\n',
            content_type: 'application/json',
          },
        },
      },
    ],
    error_pages: {
      405: { content: 'no such method\n', content_type: 'text/plain; charset=utf-8' },
      '4xx': { file: 'pages/4xx.html' },
      502: { file: 'pages/502.html' },
    },
    rules: {
      http_request_firewall_custom: [
        { ref: 'secret', expression: 'http.request.uri.path eq "/secret"', action: 'block' },
      ],
    },
    limits: { headBytesMax: '4KiB', targetBytesMax: '1KiB', fieldsMax: 20, bodyBytesMax: 10 },
    timeouts: { headMs: 300, bodyMs: 300 },
  });
}

async function start(t: Test, over: Record<string, never> = {}): Promise<Parapet> {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages/4xx.html'), '<p>{{status}} {{reason}}, {{ ray_id }}</p>\n');
  writeFileSync(join(folder, 'pages/502.html'), large);
  return await startParapet(t, { ...pagesConfig(), ...over }, { folder });
}

const rayOf = (answer: Answer) => answer.field('parapet-ray') ?? '';

export async function pagesByStatus(t: Test): Promise<void> {
  const parapet = await start(t);
  const site = parapet.listener();
  const lost = await fetchOnce(site, '/', { host: 'elsewhere.test' });
  t.equal(lost.status, 421);
  t.equal(lost.field('content-type'), 'text/html; charset=utf-8');
  t.equal(lost.field('cache-control'), 'no-store');
  t.equal(lost.body.toString(), `<p>421 Misdirected Request, ${rayOf(lost)}</p>\n`);
  const blocked = await fetchOnce(site, '/secret');
  t.equal(blocked.body.toString(), `<p>403 Forbidden, ${rayOf(blocked)}</p>\n`, 'a rule that blocks');
  const method = await fetchOnce(site, '/', { method: 'TRACE' });
  t.equal(method.body.toString(), 'no such method\n', 'the status goes before its class');
  t.equal(method.field('allow')?.includes('GET'), true, 'the other fields stay');

  const failed = await fetchOnce(site, '/');
  const whole = large.replace('{{status}}', '502').replace('{{reason}}', 'Bad Gateway');
  t.equal(failed.body.toString(), whole.replace('{{ray_id}}', rayOf(failed)), 'a large page is whole');
  t.match(failed.field('proxy-status'), /connection_refused/);
  t.match(await waitRecord(parapet.recordsFile, rayOf(failed)), {
    EdgeResponseStatus: 502,
    EdgeResponseBodyBytes: failed.body.length,
    EdgeResponseContentType: 'text/html; charset=utf-8',
  });
  const head = await fetchOnce(site, '/', { method: 'HEAD' });
  t.equal(head.status, 502);
  t.equal(head.field('content-length'), String(failed.body.length), 'HEAD tells the length of the page');
  t.equal(head.body.length, 0);

  const api = await fetchOnce(site, '/', { host: 'api.test' });
  t.same(JSON.parse(api.body.toString()), { status: 502, ray: rayOf(api) }, 'the zone goes before all zones');
  const old = await exchangeRaw(site, 'GET / HTTP/1.0\r\nHost: api.test\r\n\r\n');
  t.same(JSON.parse(old.answer.body.toString()), { status: 502, ray: rayOf(old.answer) });
  t.equal(await old.closing, 'end', 'HTTP/1.0: the connection is closed after it');

  // One connection goes on after a page.
  const client = await RawClient.connect(site);
  for (const host of ['api.test', 'elsewhere.test', 'site.test'])
    t.ok((await client.request('/', { host })).body.length > 0, host);
  client.destroy();
}

interface Refusal {
  what: string;
  bytes: string;
  status: number;
  /** Comes after the head was read: the zone's page. */
  inZone?: boolean;
}

const refusals: readonly Refusal[] = [
  { what: 'not HTTP', bytes: 'NONSENSE\r\n\r\n', status: 400 },
  { what: 'no Host', bytes: 'GET / HTTP/1.1\r\n\r\n', status: 400 },
  { what: 'a slow head', bytes: 'GET / HTTP/1.1\r\nHost: api', status: 408 },
  {
    what: 'a long body',
    bytes: 'POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 11\r\n\r\n',
    status: 413,
  },
  {
    what: 'a long target',
    bytes: `GET /${'a'.repeat(2000)} HTTP/1.1\r\nHost: api.test\r\n\r\n`,
    status: 414,
  },
  { what: 'an expectation', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', status: 417 },
  { what: 'many fields', bytes: `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(30)}\r\n`, status: 431 },
];

export async function pagesOfTheEngine(t: Test): Promise<void> {
  const parapet = await start(t);
  const site = parapet.listener();
  for (const { what, bytes, status } of refusals) {
    const { answer, closing } = await exchangeRaw(site, bytes);
    t.equal(answer.status, status, what);
    t.match(
      answer.body.toString(),
      new RegExp(`^<p>${status} [A-Z][A-Za-z -]+, ${rayOf(answer)}</p>\n$`),
      what,
    );
    t.equal(answer.field('content-type'), 'text/html; charset=utf-8', what);
    t.equal(answer.field('cache-control'), 'no-store', what);
    t.equal(await closing, 'end', what);
    t.match(await waitRecord(parapet.recordsFile, rayOf(answer)), { EdgeResponseStatus: status }, what);
  }
  const unknown = await exchangeRaw(
    site,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
  );
  t.equal(unknown.answer.status, 501);
  t.equal(unknown.answer.body.toString(), 'Not Implemented: unknown_transfer_coding\n', 'no page: a line');

  const { answer } = await exchangeRaw(site, `HEAD /${'a'.repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`, {
    method: 'HEAD',
  });
  t.equal(answer.status, 414);
  t.ok(Number(answer.field('content-length')) > 0, 'the length that a GET would have had');
}

export async function pagesAfterReload(t: Test): Promise<void> {
  const parapet = await start(t);
  const site = parapet.listener();
  const page = join(parapet.folder, 'pages/4xx.html');
  const ask = async () => (await fetchOnce(site, '/', { host: 'elsewhere.test' })).body.toString();
  writeFileSync(page, 'second\n');
  t.match(await ask(), /^<p>421/, 'the file counts when the config is read');
  const reloaded = (text: string) =>
    until(10_000, `"${text}" in the messages`, () => (parapet.stderr.includes(text) ? true : undefined));
  parapet.signal('SIGHUP');
  await reloaded('snapshot 2 is in force');
  t.equal(await ask(), 'second\n');
  writeFileSync(page, '{{nothing}}\n');
  parapet.signal('SIGHUP');
  await reloaded('nothing has changed');
  t.match(parapet.stderr, /pages\/4xx\.html:1:1: error: there is no placeholder "nothing"/);
  t.equal(await ask(), 'second\n', 'a refused reload changes no page');

  rmSync(page);
  const child = await parapet.child();
  process.kill(child, 'SIGKILL');
  await parapet.child(child);
  await until(10_000, 'an answer after the crash', async () => await ask().catch(() => undefined));
  t.equal(await ask(), 'second\n', 'the process that was started again has the page that was in force');
}
