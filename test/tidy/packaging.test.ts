/** What is shipped for service managers and containers: checked by their own tools where those are installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';
import { loadConfig } from '../../src/config/index.ts';
import { temporaryFolder } from '../support/temp.ts';

const unitFile = join(root, 'packaging/systemd/parapet.service');
const unit = readFileSync(unitFile, 'utf8');
const dockerfile = readFileSync(join(root, 'packaging/docker/Dockerfile'), 'utf8');

const lacks = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;
const valueOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

t.test('systemd takes the unit as it is', { skip: lacks('systemd-analyze') }, async (t) => {
  const folder = temporaryFolder(t);
  const copy = join(folder, 'parapet.service');
  // The command is not installed here, and whether it is there is checked too.
  writeFileSync(copy, unit.replaceAll('/opt/parapet/node_modules/.bin/node', '/bin/true'));
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' });
  t.equal(verified.status, 0);
  t.equal(verified.stderr, '', 'no key that systemd does not know');
  writeFileSync(copy, unit.replace('[Service]', '[Service]\nNonsense=1'));
  const bad = spawnSync('systemd-analyze', ['verify', '--man=no', copy], { encoding: 'utf8' });
  t.match(bad.stderr, /Nonsense/, 'the check sees a key that there is not');

  const security = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', '--threshold=20', unitFile],
    { encoding: 'utf8' },
  );
  t.equal(security.status, 0, security.stdout.trim().split('\n').at(-1) ?? '');
});

t.test('the unit gives a drain the time that it takes by default', async (t) => {
  const loaded = loadConfig(
    'p.yaml',
    'listeners: [{ address: 127.0.0.1:0 }]\norigins: { a: { servers: [{ url: http://127.0.0.1:1 }] } }\nzones: [{ name: a, hosts: ["*"], origin: a }]\n',
  );
  const { drainMs, logs } = loaded.ok ? loaded.config : { drainMs: Number.NaN, logs: { drainMs: 0 } };
  t.ok(Number(valueOf('TimeoutStopSec')) * 1000 > drainMs + logs.drainMs);
  const reloads = [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, command = '']) => command);
  t.match(
    reloads,
    [/ check -c \/etc\/parapet\/parapet\.yaml$/, /-HUP \$MAINPID$/],
    'a fault is told by the reload',
  );
  t.match(unit, `logs: { directory: /var/log/${valueOf('LogsDirectory')} }`);
  t.equal(valueOf('Type'), 'notify');
});

t.test('logrotate takes the snippet', { skip: lacks('logrotate') }, async (t) => {
  const folder = temporaryFolder(t);
  const state = join(folder, 'state');
  const file = join(root, 'packaging/logrotate/parapet');
  const tried = spawnSync('logrotate', ['--debug', '--state', state, file], { encoding: 'utf8' });
  t.equal(tried.status, 0, tried.stderr);
  t.notMatch(tried.stderr, /error/i);
});

interface Instruction {
  name: string;
  value: string;
}

function instructions(): Instruction[] {
  const joined = dockerfile.replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', ' ');
  return [...joined.matchAll(/^([A-Z]+) (.*)$/gm)].map(([, name = '', value = '']) => ({ name, value }));
}

t.test('the Dockerfile: pinned bases, not root, commands in exec form', async (t) => {
  const all = instructions();
  const values = (name: string) => all.filter((one) => one.name === name).map(({ value }) => value);
  const known = 'FROM RUN COPY WORKDIR USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' ');
  t.same(
    all.filter(({ name }) => !known.includes(name)),
    [],
  );
  t.equal(values('FROM').length, 2);
  for (const base of values('FROM')) t.match(base, /^[a-z]+:(?!latest)[a-z0-9.-]+( AS build)?$/);
  const last = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
  t.match(last.find(({ name }) => name === 'USER')?.value, /^[1-9][0-9]*:[1-9][0-9]*$/, 'a number: not root');
  t.equal(values('STOPSIGNAL')[0], 'SIGTERM');
  for (const name of ['ENTRYPOINT', 'CMD', 'VOLUME'])
    t.ok(Array.isArray(JSON.parse(values(name)[0] ?? '')), name);
  const check = /CMD (\[.*\])$/.exec(values('HEALTHCHECK')[0] ?? '')?.[1] ?? '';
  t.match((JSON.parse(check) as string[])[2], /\/healthz/);
});

t.test('what the image is built from is there, and not left out', async (t) => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const isIgnored = (path: string) =>
    ignored.some(
      (line) => line !== '' && !line.startsWith('#') && (path === line || path.startsWith(`${line}/`)),
    );
  const copied = instructions()
    .filter(({ name, value }) => name === 'COPY' && !value.startsWith('--from'))
    .map(({ value }) => value.split(' ')[0] ?? '');
  for (const path of copied) t.ok(existsSync(join(root, path)) && !isIgnored(path), path);
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  for (const path of files.filter((name) => name !== 'dist/'))
    t.notOk(isIgnored(path.replace(/\/$/, '')), path);
  for (const path of ['src', 'tsconfig.build.json', 'package-lock.json', 'scripts/build-dist.mjs'])
    t.notOk(isIgnored(path), `${path}: packing builds dist/ from it`);
});

t.test('the config of the image has no fault', async (t) => {
  const file = join(root, 'packaging/docker/parapet.yaml');
  t.match(loadConfig(file, readFileSync(file, 'utf8')), { ok: true });
});
