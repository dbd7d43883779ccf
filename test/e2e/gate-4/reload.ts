/** Rules and lists are exchanged while the proxy serves. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { askAdmin } from '../../support/admin.ts';
import { type ConfigObject, siteConfig } from '../../support/config.ts';
import { type Parapet, startParapet } from '../../support/parapet.ts';
import { fetchOnce, RawClient } from '../../support/raw-client.ts';
import { Deferred, until } from '../../support/within.ts';
import { startOrigin } from './phases.ts';

function versioned(version: number): ConfigObject {
  return {
    rules: {
      http_request_firewall_custom: [
        { ref: 'gone', expression: `http.request.uri.path eq "/only-${version}"`, action: 'block' },
        // Many of them, so that to compile takes more than one slice.
        ...Array.from({ length: 500 }, (_, index) => ({
          ref: `filler-${index}`,
          expression: `http.request.uri.path contains "/filler-${version}-${index}/" or http.user_agent contains "f${version}x${index}"`,
          action: 'block',
        })),
      ],
      http_response_headers_transform: [
        {
          expression: true,
          action: 'rewrite',
          action_parameters: { headers: { 'X-Version': { operation: 'set', value: String(version) } } },
        },
      ],
    },
  };
}

async function reload(parapet: Parapet): Promise<number> {
  return (await askAdmin(parapet, 'POST', '/reload')).status;
}

export async function reloadUnderLoad(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address, versioned(0)));
  const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(parapet.listener())));
  const load = { isOn: true };
  const versions = clients.map(async (client, lane) => {
    const seen: number[] = [];
    for (let turn = 0; load.isOn; turn += 1) {
      const answer = await client.request(turn % 3 === 0 ? `/miss-${lane}-${turn}` : '/hit');
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      seen.push(Number(answer.field('X-Version')));
    }
    return seen;
  });
  for (let version = 1; version <= 5; version += 1) {
    parapet.rewrite(siteConfig(origin.address, versioned(version)));
    t.equal(await reload(parapet), 200);
    const [now, before] = [`/only-${version}`, `/only-${version - 1}`];
    t.equal((await fetchOnce(parapet.listener(), now)).status, 403);
    t.equal((await fetchOnce(parapet.listener(), before)).status, 200);
  }
  load.isOn = false;
  const seen = await Promise.all(versions);
  for (const lane of seen) {
    t.same(
      lane,
      lane.toSorted((a, b) => a - b),
      'a version never comes back',
    );
    t.ok(lane.length > 10, `${lane.length} responses on one connection`);
  }
  for (const client of clients) {
    t.equal((await client.request('/hit')).field('X-Version'), '5', 'the connection lives on');
    client.destroy();
  }
}

/** An exchange ends under the rules that it began under, rewritten target and all. */
export async function reloadWithin(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const release = new Deferred<void>();
  for (const version of [1, 2])
    origin.handlers.set(`/v${version}/slow`, async (_request, response) => {
      await release.promise;
      response.setHeader('Cache-Control', 'max-age=60');
      response.end(`v${version}`);
    });
  const rewritten = (version: number): ConfigObject => ({
    rules: {
      ...(versioned(version)['rules'] as ConfigObject),
      http_request_transform: [
        {
          expression: 'starts_with(http.request.uri.path, "/slow")',
          action: 'rewrite',
          action_parameters: {
            uri: { path: { expression: `concat("/v${version}", http.request.uri.path)` } },
          },
        },
      ],
    },
  });
  const parapet = await startParapet(t, siteConfig(origin.address, rewritten(1)));
  const client = await RawClient.connect(parapet.listener());
  const answer = client.request('/slow');
  await until(5_000, 'the request at the origin', () => origin.of('/v1/slow')[0]);
  parapet.rewrite(siteConfig(origin.address, rewritten(2)));
  t.equal(await reload(parapet), 200);
  release.resolve();
  t.equal((await answer).body.toString(), 'v1');
  t.equal((await answer).field('X-Version'), '1');
  const next = await client.request('/slow');
  t.equal(
    next.body.toString(),
    'v2',
    'what the first one stored is not under the name that the next one asks for',
  );
  t.equal(next.field('X-Version'), '2');
  client.destroy();
}

export async function refusedReloads(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const good = siteConfig(origin.address, versioned(1));
  const parapet = await startParapet(t, good);
  const client = await RawClient.connect(parapet.listener());
  const bad: [rule: ConfigObject, message: RegExp][] = [
    [{ expression: 'http.hots eq "x"', action: 'block' }, /unknown field "http\.hots"/],
    [{ expression: 'ssl', action: 'blok' }, /did you mean "block"/],
    [{ expression: 'http.host matches "(?=x)"', action: 'block' }, /parapet\.yaml:\d+:\d+: error/],
    [{ expression: 'ip.src in $none', action: 'block' }, /unknown list "\$none"/],
  ];
  for (const [rule, message] of bad) {
    parapet.rewrite({ ...good, rules: { http_request_firewall_custom: [rule] } });
    const answer = await askAdmin(parapet, 'POST', '/reload');
    t.equal(answer.status, 422);
    t.match(answer.body.toString().replaceAll('\\"', '"').replaceAll('\\\\', '\\'), message);
    t.equal((await client.request('/only-1')).status, 403, 'what was in force is');
    t.equal((await client.request('/page')).field('X-Version'), '1');
  }
  client.destroy();
}

export async function listFiles(t: Test): Promise<void> {
  const origin = await startOrigin(t);
  const config = siteConfig(origin.address, {
    lists: { words: { kind: 'string', items: ['one'], file: 'words.txt' } },
    rules: {
      http_request_firewall_custom: [
        { expression: 'http.request.headers["x-word"][0] in $words', action: 'block' },
      ],
    },
  });
  const parapet = await startParapet(t, config, { failing: true });
  t.equal((await parapet.exited).code, 1, 'a list whose file is missing is a fault');
  t.match(parapet.stderr, /words\.txt cannot be used: there is no such file/);

  const file = join(parapet.folder, 'words.txt');
  writeFileSync(file, '# words\ntwo # the second\n');
  const running = await startParapet(t, config, { folder: parapet.folder });
  const statusOf = async (word: string) =>
    (await fetchOnce(running.listener(), '/', { fields: { 'X-Word': word } })).status;
  t.same([await statusOf('one'), await statusOf('two'), await statusOf('three')], [403, 403, 200]);
  writeFileSync(file, 'three\r\n');
  t.equal(await statusOf('three'), 200, 'not before a reload');
  t.equal(await reload(running), 200);
  t.same([await statusOf('one'), await statusOf('two'), await statusOf('three')], [403, 200, 403]);
}
