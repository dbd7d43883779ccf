/** `parapet logs tail` against a running Parapet. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { siteConfig, writeConfig } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import {
  type Parapet,
  parapetEnvironment,
  repository,
  runCommand,
  skipReason,
  startParapet,
} from '../support/parapet.ts';
import { fetchOnce } from '../support/raw-client.ts';
import { patience } from '../support/scale.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until, within } from '../support/within.ts';

t.setTimeout(patience(120_000));
const options = { skip: skipReason, timeout: patience(60_000) };

interface Line {
  RayID: string;
  ClientRequestURI: string;
  EdgeStartTimestamp: string | number;
}

class Tail {
  readonly process: ChildProcess;
  out = '';
  err = '';

  constructor(t: Test, config: string, args: string[]) {
    const command = [join(repository, 'bin/parapet.mjs'), 'logs', 'tail', '-c', config, ...args];
    this.process = spawn(process.execPath, command, { env: parapetEnvironment() });
    this.process.stdout?.on('data', (piece: Buffer) => (this.out += piece.toString()));
    this.process.stderr?.on('data', (piece: Buffer) => (this.err += piece.toString()));
    t.teardown(() => this.process.kill('SIGKILL'));
  }

  get lines(): Line[] {
    return this.out
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  }

  /** Asks until its records are shown: the session has begun. */
  async watches(parapet: Parapet, path = '/begin'): Promise<void> {
    await until(15_000, 'the first record', async () => {
      await fetchOnce(parapet.listener(), path);
      return this.lines.length > 0 ? true : undefined;
    });
  }

  async ends(): Promise<[number | null, string | null]> {
    const ended = once(this.process, 'exit') as Promise<[number | null, string | null]>;
    return await within(15_000, 'the end of the tail', ended);
  }
}

await t.test('records as they come, filtered, of a job, or of nobody', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  const all = new Tail(t, parapet.config, []);
  const wantedOnly = ['--job', 'access', '--filter', 'ClientRequestPath matches "^/wanted/[0-9]+$"'];
  const some = new Tail(t, parapet.config, wantedOnly);
  await all.watches(parapet);
  await some.watches(parapet, '/wanted/0');
  for (let n = 1; n <= 20; n++) {
    const answer = await fetchOnce(parapet.listener(), n % 2 === 0 ? `/wanted/${n}?q` : `/other/${n}`);
    t.equal(answer.status, 200);
  }
  const wanted = await until(10_000, 'the records of both', () => {
    const found = some.lines.filter(({ ClientRequestURI: uri }) => uri.endsWith('?q'));
    const others = all.lines.filter(({ ClientRequestURI: uri }) => uri.startsWith('/other'));
    return found.length === 10 && others.length === 10 ? found : undefined;
  });
  t.equal(new Set(wanted.map(({ RayID }) => RayID)).size, 10);
  t.notMatch(some.out, /\/other/);
  t.match(all.lines[0]?.EdgeStartTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.type(wanted[0]?.EdgeStartTimestamp, 'number', 'in the form of the job');

  all.process.kill('SIGINT');
  t.same(await all.ends(), [0, null]);
  t.equal(all.err, '');
  some.process.stdout?.destroy();
  await until(10_000, 'the end of a broken pipe', async () => {
    await fetchOnce(parapet.listener(), '/wanted/99');
    return some.process.exitCode ?? undefined;
  });
  t.equal(some.process.exitCode, 0);
  t.equal(some.err, '');
});

await t.test('without any job, and until the process ends', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const config = siteConfig(origin.address, { logs: { directory: 'var/log', jobs: [] } });
  const parapet = await startParapet(t, config);
  const tail = new Tail(t, parapet.config, []);
  await tail.watches(parapet);
  parapet.signal('SIGTERM');
  t.same(await tail.ends(), [0, null]);
  t.match(tail.err, /the process ends/);
});

await t.test('what is wrong is said', options, async (t) => {
  const origin = await startCountingOrigin(t);
  const parapet = await startParapet(t, siteConfig(origin.address));
  const rows: [string[], RegExp][] = [
    [['--filter', 'EdgeResponseStatos eq 1'], /EdgeResponseStatos eq 1\n {2}\^{18}\n$/],
    [['--filter', 'EdgeResponseStatus eq'], /\n {2}EdgeResponseStatus eq\n +\^\n$/],
    [['--filter', ''], /filter/],
    [['--job', 'nobody'], /No job is called nobody: there is access/],
  ];
  for (const [args, message] of rows) {
    const tail = new Tail(t, parapet.config, args);
    t.same(await tail.ends(), [1, null]);
    t.match(tail.err, message);
  }
  const config = join(temporaryFolder(t), 'parapet.yaml');
  const tail = async () => await runCommand(['logs', 'tail', '-c', config]);
  writeConfig(config, siteConfig(origin.address));
  t.match(await tail(), { code: 1, stderr: /is parapet running\?/ });
  writeConfig(config, siteConfig(origin.address, { admin: undefined }));
  t.match(await tail(), { code: 1, stderr: /has no admin\.address/ });
});
