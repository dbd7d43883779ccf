/** The command as a process: what it prints, and with which exit code it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ensureDemoCertificate } from '../../src/cli/demo-certificate.ts';
import { loadConfig } from '../../src/config/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { temporaryFolder } from '../support/temp.ts';
import { within } from '../support/within.ts';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'src/main.ts');

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function parapet(args: string[], cwd = root): Promise<Result> {
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  const [code] = (await within(30_000, args.join(' '), once(child, 'close'))) as [number | null];
  return { code, stdout, stderr };
}

const good = `
listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones: [{ name: site, hosts: ["*"], origin: site }]
`;

t.test('help names every command, and each its options', async (t) => {
  const all = await parapet(['--help']);
  t.equal(all.code, 0);
  for (const name of ['run', 'check', 'explain', 'purge', 'logs', 'version', 'demo'])
    t.match(all.stdout, new RegExp(`^  ${name} `, 'm'));
  t.notMatch(all.stdout, /proxy \[/, 'the command of the child is not offered');
  const options: [string[], RegExp[]][] = [
    [['run'], [/-c, --config <file>.*default: "parapet\.yaml"/s, /--no-supervisor/]],
    [['check'], [/-c, --config/]],
    [['explain'], [/-H, --header <field>/, /--ip <address>/, /--json/]],
    [['purge'], [/--url/, /--tag/, /--prefix/, /--host/, /--all/, /--zone/, /--soft/, /Exit code 0/]],
    [['version'], [/--json/]],
    [
      ['logs', 'tail'],
      [/--job/, /--filter/],
    ],
  ];
  for (const [command, expected] of options) {
    const { stdout } = await parapet([...command, '--help']);
    for (const pattern of expected) t.match(stdout, pattern, command.join(' '));
  }
  t.notMatch((await parapet(['run', '--help'])).stdout, /test-faults/);
});

t.test('a command or an option that there is not: exit 1, and a hint', async (t) => {
  t.match(await parapet(['rnu']), { code: 1, stderr: /unknown command 'rnu'[^]*Did you mean run/ });
  t.match(await parapet(['run', '--nope']), { code: 1, stderr: /unknown option '--nope'/ });
});

t.test('version tells what runs', async (t) => {
  t.match(await parapet(['version']), {
    code: 0,
    stdout: /^parapet \d+\.\d+\.\d+\nnative engine .*\nnode 24\.[^]*openssl/,
  });
});

t.test('version as JSON, and how the engine was built', async (t) => {
  const { code, stdout } = await parapet(['version', '--json']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    parapet: /^\d+\.\d+\.\d+/,
    engine: { name: 'native', compiler: /\d/, headers: process.versions.node, sanitizers: /none|address/ },
    node: process.versions.node,
    openssl: process.versions.openssl,
    glibc: /^\d\.\d+/,
  });
});

t.test('without a command, or without the one below it: the help, and exit 1', async (t) => {
  t.match(await parapet([]), { code: 1, stderr: /^Usage: parapet \[options\] \[command\]/ });
  t.match(await parapet(['logs']), { code: 1, stderr: /^Usage: parapet logs/ });
});

t.test('check and explain read parapet.yaml of the folder by default', async (t) => {
  const folder = temporaryFolder(t);
  t.match(await parapet(['check'], folder), {
    code: 1,
    stdout: '',
    stderr: /^parapet\.yaml: error: there is no such file \(-c FILE names another\)/,
  });
  writeFileSync(join(folder, 'parapet.yaml'), good);
  t.match(await parapet(['check'], folder), {
    code: 0,
    stdout: 'parapet.yaml: no faults (1 listener, 1 origin, 1 zone, 0 rules, 0 log jobs)\n',
    stderr: '',
  });
  const explained = await parapet(
    ['explain', 'GET', 'http://a.test/x', '-H', 'Origin: http://b', '--json'],
    folder,
  );
  t.match(JSON.parse(explained.stdout), {
    phases: [
      { phase: 'door' },
      { decision: 'site' },
      { detail: { key: { origin: 'http://b' } } },
      { phase: 'origin' },
    ],
  });
  t.match(await parapet(['explain', 'GET', 'nonsense'], folder), {
    code: 1,
    stderr: /not an absolute http or https URL/,
  });
  t.match(await parapet(['explain', 'GET', 'http://a/', '--ip', 'x'], folder), {
    code: 1,
    stderr: /"x" is not an IP address/,
  });
  t.match(await parapet(['explain', 'GET', 'http://a/', '-H', 'no colon'], folder), {
    code: 1,
    stderr: /is not a field/,
  });
});

t.test('a purge names one form', async (t) => {
  t.match(await parapet(['purge']), {
    code: 1,
    stderr: 'parapet: purge needs one of --url, --tag, --prefix, --host and --all\n',
  });
  for (const other of [['--all'], ['--tag', 'x']]) {
    t.match(await parapet(['purge', '--url', 'http://a/', ...other]), {
      code: 1,
      stderr: 'parapet: purge needs one of --url, --tag, --prefix, --host and --all, not several\n',
    });
  }
});

async function fakeAdmin(
  t: Test,
  answer: (request: IncomingMessage, body: string) => [status: number, body: unknown],
): Promise<number> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const [status, value] = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

t.test('purge asks the process that the config describes, with its token', async (t) => {
  const folder = temporaryFolder(t);
  const asked: unknown[] = [];
  let isCounted = true;
  const port = await fakeAdmin(t, ({ method, url, headers }, body) => {
    asked.push([method, url, headers.authorization, JSON.parse(body)]);
    return body.includes('refuse')
      ? [422, { detail: 'No zone has the host.' }]
      : [200, { purged: isCounted ? 2 : null }];
  });
  const config = `${good}logs: { directory: . }\nadmin: { address: "127.0.0.1:${port}" }\n`;
  writeFileSync(join(folder, 'parapet.yaml'), config);
  t.match(await parapet(['purge', '--all'], folder), { code: 1, stderr: /the admin token cannot be read/ });
  writeFileSync(join(folder, 'admin.token'), 'secret\n');
  chmodSync(join(folder, 'admin.token'), 0o600);
  t.match(await parapet(['purge', '--all', '--soft'], folder), {
    code: 0,
    stdout: 'made stale: 2 stored responses\n',
  });
  t.match(await parapet(['purge', '--url', 'http://a.test/refuse'], folder), {
    code: 1,
    stderr: 'parapet: No zone has the host.\n',
  });
  isCounted = false;
  t.match(await parapet(['purge', '--tag', 'a', '--tag', 'b', '--zone', 'z'], folder), {
    code: 0,
    stdout: 'purged: tag a, b in zone z\n',
  });
  t.same(asked, [
    ['POST', '/purge', 'Bearer secret', { all: true, soft: true }],
    ['POST', '/purge', 'Bearer secret', { url: 'http://a.test/refuse', soft: false }],
    ['POST', '/purge', 'Bearer secret', { tag: ['a', 'b'], zone: 'z', soft: false }],
  ]);
});

t.test('with port 0 the address is found where the process wrote it down', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(
    join(folder, 'parapet.yaml'),
    `${good}logs: { directory: . }\nadmin: { address: "127.0.0.1:0" }\n`,
  );
  writeFileSync(join(folder, 'admin.token'), 'secret\n');
  t.match(await parapet(['purge', '--all'], folder), { code: 1, stderr: /is parapet running\?/ });
  const port = await fakeAdmin(t, () => [200, { purged: 1 }]);
  writeFileSync(join(folder, 'admin.address'), `127.0.0.1:${port}\n`);
  t.match(await parapet(['purge', '--all'], folder), { code: 0, stdout: 'purged: 1 stored response\n' });
  t.match(await parapet(['purge', '--all', '-c', join(folder, 'none.yaml')], folder), {
    code: 1,
    stderr: /none\.yaml/,
  });
});

t.test('check tells what a running process cannot take over', async (t) => {
  const folder = temporaryFolder(t);
  const running: { config?: unknown } = {};
  const port = await fakeAdmin(t, () => [200, running.config]);
  const text = `${good}admin: { address: "127.0.0.1:${port}" }\nworkers: 2\n`;
  const file = join(folder, 'parapet.yaml');
  writeFileSync(file, text);
  const loaded = loadConfig(file, text.replace('workers: 2', 'workers: 1'));
  running.config = loaded.ok ? loaded.config : undefined;
  t.match(await parapet(['check'], folder), {
    code: 0,
    stderr: 'parapet.yaml: note: a change of workers needs a restart\n',
  });
});

t.test('every config that is shipped has no fault, and names its schema', async (t) => {
  const files = readdirSync(join(root, 'config')).filter((name) => name.endsWith('.yaml'));
  // `parapet demo` makes it before it reads its config.
  ensureDemoCertificate(join(root, 'config/demo.yaml'), systemClock);
  t.ok(files.length >= 3);
  for (const name of files)
    t.match(await parapet(['check', '-c', join('config', name)]), { code: 0, stderr: '' }, name);
});
