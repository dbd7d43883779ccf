/** Each config that is shipped passes the check, names its schema, and serves a request in front of a real origin. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { parse, stringify } from 'yaml';
import { converse, type Heard } from '../../../bench/support/converse.ts';
import { hasTls } from '../../../bench/support/parapet.ts';
import { Parapet, repository, runCommand } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until } from '../../support/within.ts';

const folderOf = join(repository, 'config/examples');
const names = readdirSync(folderOf).filter((name) => name.endsWith('.yaml'));

interface Example {
  listeners: { address: string; tls?: { certificates: { cert: string; key: string }[] } }[];
  origins: Record<string, { servers: { url: string }[]; tls?: unknown }>;
  zones: { hosts: string[] }[];
  logs?: { jobs: { destination: { type: string; path?: string; url?: string } }[] };
  admin?: { address: string };
}

/** Answers every GET, and counts the batches that are posted to it. */
async function startServer(t: Test): Promise<{ url: string; posted: () => number }> {
  let posted = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'POST') posted += 1;
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`for ${request.headers.host}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted: () => posted };
}

/** The example with addresses of this machine in the place of its own, and nothing else changed. */
function moved(text: string, url: string): Example {
  const example = parse(text) as Example;
  for (const listener of example.listeners) listener.address = '127.0.0.1:0';
  for (const origin of Object.values(example.origins)) {
    for (const server of origin.servers) server.url = url;
    // The origin of this test speaks in the clear.
    delete origin.tls;
  }
  for (const { destination } of example.logs?.jobs ?? []) {
    if (destination.url !== undefined) destination.url = `${url}/ingest`;
  }
  if (example.admin?.address.startsWith('127.') === true) example.admin.address = '127.0.0.1:0';
  return example;
}

/** A certificate of its own where the example has the operator's. */
function certify(folder: string, { listeners, zones }: Example): void {
  for (const { cert, key } of listeners.flatMap(({ tls }) => tls?.certificates ?? [])) {
    const hosts = zones.flatMap((zone) => zone.hosts);
    const words =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=example';
    const names = ['-addext', `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`];
    mkdirSync(dirname(join(folder, cert)), { recursive: true });
    const files = ['-keyout', join(folder, key), '-out', join(folder, cert)];
    execFileSync('openssl', [...words.split(' '), ...names, ...files], { stdio: 'pipe' });
  }
}

/** The answer to a request for a page; with TLS also that the plain listener sends there. */
async function askFor(t: Test, parapet: Parapet, example: Example, host: string): Promise<Heard> {
  const tls = example.listeners.findIndex((listener) => listener.tls !== undefined);
  if (tls < 0) return await fetchOnce(parapet.listener(), '/page.css', { host });
  const plain = await fetchOnce(parapet.listener(), '/page.css', { host });
  t.match([plain.status, plain.field('location')], [308, `https://${host}/page.css`]);
  const conversation = await converse(parapet.listener(tls), true, host);
  try {
    return await conversation.ask('/page.css');
  } finally {
    conversation.end();
  }
}

export async function examples(t: Test): Promise<void> {
  t.ok(names.length >= 5, `${names.length} examples`);
  for (const name of names) {
    if (name === 'https.yaml' && !hasTls) {
      t.comment(`${name}: listeners without TLS in this version`);
      continue;
    }
    const text = readFileSync(join(folderOf, name), 'utf8');
    t.match(
      text,
      /^# yaml-language-server: \$schema=\.\.\/schema\.json\n# [A-Z]/,
      `${name}: schema and purpose`,
    );
    const { url, posted } = await startServer(t);
    const example = moved(text, url);
    const folder = temporaryFolder(t);
    cpSync(folderOf, folder, { recursive: true });
    certify(folder, example);
    if (!text.includes('origins.pem'))
      t.match(await runCommand(['check', '-c', join(folder, name)]), { code: 0, stderr: '' }, name);
    mkdirSync(join(folder, 'var/log'), { recursive: true });
    const config = join(folder, name);
    writeFileSync(config, stringify(example));
    const parapet = new Parapet(folder, config, {});
    t.teardown(() => parapet.end());
    await parapet.waitReady();
    for (const { hosts } of example.zones) {
      const host = (hosts[0] ?? '').replace('*', 'any.test');
      const answer = await askFor(t, parapet, example, host);
      t.equal(answer.status, 200, `${name}: ${host}`);
      t.match(answer.body.toString(), /^for /, `${name}: ${host}`);
    }
    for (const { destination } of example.logs?.jobs ?? []) {
      const { path } = destination;
      await until(10_000, `${name}: records at ${path ?? destination.url}`, () => {
        const size =
          path === undefined ? posted() : statSync(join(folder, path), { throwIfNoEntry: false })?.size;
        return (size ?? 0) > 0 ? true : undefined;
      });
    }
    t.same(await parapet.stop(), { code: 0, signal: null }, name);
  }
}
