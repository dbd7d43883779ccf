/**
 * The published package, as an operator meets it: packed, installed into an empty folder (which builds the native
 * engine), started by its command with whatever Node the machine has, asked for a page, and read for its record.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { root, run } from '../../scripts/toolchain.mjs';
import { recordsPath, siteConfig, writeConfig } from '../support/config.ts';
import { until, within } from '../support/within.ts';

const installMs = 240_000;
const readyMs = 30_000;
const body = 'a page of the origin';

/** The environment without what npm and tap put into it, and with the Node of the machine first. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^npm_|^_?TAP|^NODE_OPTIONS$|^INIT_CWD$/i.test(name)) env[name] = value;
  }
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  env['PATH'] = folders
    .filter((folder) => !path.resolve(folder).startsWith(path.join(root, 'node_modules')))
    .join(':');
  return env;
}

const env = plainEnvironment();

async function must(command: string, args: string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, args, { cwd, env, timeoutMs: installMs });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

function startOrigin(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=60' });
    response.end(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** What an operator needs, and nothing that only those who change it do. */
const contents = [
  /^(README|ARCHITECTURE|CHANGELOG)\.md$|^LICENSE$|^package\.json$|^binding\.gyp$/,
  /^bin\/parapet\.mjs$/,
  /^config\/([a-z-]+\.yaml|schema\.json|examples\/[a-z-]+\.yaml|examples\/pages\/[a-z-]+\.html)$/,
  /^dist\/[\w/.-]+\.js$/,
  /^docs\/[a-z-]+\.md$/,
  /^native\/(core|binding)\/[\w/.-]+\.(cc|h)$/,
  /^packaging\/(docker|systemd|logrotate)\/[\w.-]+$/,
  /^scripts\/(build-native|list-sources|native-flags|toolchain)\.mjs$/,
];

function checkContents(t: Test, listing: string): void {
  const names = listing
    .trim()
    .split('\n')
    .map((name) => name.replace(/^package\//, ''));
  t.same(
    names.filter((name) => !contents.some((pattern) => pattern.test(name))),
    [],
    'nothing else',
  );
  for (const pattern of contents)
    t.ok(
      names.some((name) => pattern.test(name)),
      String(pattern),
    );
}

/** The commands of the Dockerfile, for the folder and the address of this test. */
function imageCommand(name: 'ENTRYPOINT' | 'HEALTHCHECK', app: string, admin: string): string[] {
  const text = readFileSync(path.join(root, 'packaging/docker/Dockerfile'), 'utf8');
  const value = new RegExp(`^${name} (?:[^[]*?CMD )?(\\[.*\\])$`, 'ms').exec(
    text.replaceAll('\\\n', ' '),
  )?.[1];
  const words = JSON.parse(value?.split('\n')[0] ?? '[]') as string[];
  return words.map((word) => word.replace('/opt/parapet', app).replace('127.0.0.1:9901', admin));
}

/** The addresses of the first listener and of the admin API, from the ready line. */
async function addressesOf(proxy: ChildProcess): Promise<{ listener: string; admin: string }> {
  let stdout = '';
  let stderr = '';
  proxy.stdout?.on('data', (piece: Buffer) => (stdout += piece.toString()));
  proxy.stderr?.on('data', (piece: Buffer) => (stderr += piece.toString()));
  return await until(readyMs, 'the ready line', () => {
    if (proxy.exitCode !== null) throw new Error(`parapet ended with ${proxy.exitCode}:\n${stderr}`);
    const [, listener, admin] = /^parapet: ready listener\.0=(\S+) admin=(\S+)\n/.exec(stdout) ?? [];
    return listener === undefined || admin === undefined ? undefined : { listener, admin };
  });
}

const skip = existsSync(path.join(root, 'src/main.ts')) ? false : 'src/main.ts does not exist yet';

t.test(
  'the package installs into an empty folder, serves a request and records it',
  { skip, timeout: 400_000 },
  async (t) => {
    const folder = t.testdir({
      app: { 'package.json': '{ "name": "site", "private": true }\n' },
      packed: {},
    });
    const app = path.join(folder, 'app');
    await must('npm', ['pack', '--pack-destination', path.join(folder, 'packed')], root);
    const [packed] = readdirSync(path.join(folder, 'packed'));
    checkContents(t, await must('tar', ['tzf', path.join(folder, 'packed', packed ?? '')], app));
    const install = [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      path.join(folder, 'packed', packed ?? ''),
    ];
    await must('npm', install, app);
    const installed = path.join(app, 'node_modules/parapet');
    t.notOk(existsSync(path.join(installed, 'src')), 'the sources in TypeScript are not shipped');

    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    const command = path.join(app, 'node_modules/.bin/parapet');
    t.match(await must(command, ['version'], app), version);
    // By npm, or by the first start where npm runs no install scripts.
    t.ok(existsSync(path.join(installed, 'build/Release/parapet.node')), 'the native engine was built');

    const origin = await startOrigin();
    t.teardown(() => origin.close());
    const site = path.join(folder, 'site');
    mkdirSync(site);
    const { port } = origin.address() as AddressInfo;
    writeConfig(path.join(site, 'parapet.yaml'), siteConfig({ host: '127.0.0.1', port }, { workers: 1 }));
    // As the image starts it: the pinned Node itself, so that no process stands between the signals and the supervisor.
    const [node = '', ...entry] = imageCommand('ENTRYPOINT', app, '');
    t.match(await must(node, [...entry, 'version', '--json'], app), /"parapet": "/);
    const proxy = spawn(command, ['run', '-c', path.join(site, 'parapet.yaml')], { cwd: site, env });
    const exited = new Promise<number | null>((resolve) => proxy.on('close', resolve));
    t.teardown(() => proxy.kill('SIGKILL'));
    const { listener, admin } = await addressesOf(proxy);
    const response = await fetch(`http://${listener}/page`);
    t.equal(response.status, 200);
    t.equal(await response.text(), body);
    const ray = response.headers.get('parapet-ray') ?? '';
    t.match(ray, /^[0-9a-f]{16}$/);
    const [probe = '', ...probeArgs] = imageCommand('HEALTHCHECK', app, admin);
    t.equal(
      (await run(probe, probeArgs, { cwd: app, env, timeoutMs: readyMs })).code,
      0,
      'the health check of the image',
    );
    proxy.kill('SIGTERM');
    t.equal(
      await within(readyMs, 'the end after SIGTERM', exited),
      0,
      'the signal and the exit code pass through',
    );
    t.equal(
      (await run(probe, probeArgs, { cwd: app, env, timeoutMs: readyMs })).code,
      1,
      'nothing answers it any more',
    );
    const records = readFileSync(path.join(site, recordsPath), 'utf8').trim().split('\n');
    t.same(
      records.map((line) => (JSON.parse(line) as { RayID: string }).RayID),
      [ray],
    );
  },
);

t.test('a machine without the tools of a build is told which, and how to get them', async (t) => {
  const script = path.join(root, 'scripts/build-native.mjs');
  const check = (...args: string[]) =>
    run(process.execPath, [script, '--check-tools', ...args], {
      env: { PATH: t.testdirName },
      timeoutMs: 30_000,
    });
  const { code, output } = await check();
  t.equal(code, 1);
  t.match(output, /python3, g\+\+, make/);
  t.match(output, /apt-get install python3 g\+\+ make/);
  t.equal((await check('--optional')).code, 0, 'an install goes on: engine: uws works without');
});
