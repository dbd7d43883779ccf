/** `GET /metrics`: the text that Prometheus reads, line by line, and what an operator looks for in it. */
import { spawnSync } from 'node:child_process';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { until } from '../../support/within.ts';

interface Family {
  name: string;
  type: string;
  help: string;
  samples: { labels: string; value: number }[];
}

/** Strictly as the format 0.0.4 has it: HELP, TYPE, then all samples of a family, each family once. */
function readFamilies(t: Test, text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: Family | undefined;
  for (const line of text.trimEnd().split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    const sample = /^([a-z_:][a-z0-9_:]*)(\{[^}]*\})? (-?[0-9.e+-]+)$/.exec(line);
    if (help !== null) {
      current = { name: help[1] ?? '', type: '', help: help[2] ?? '', samples: [] };
      t.notOk(families.has(current.name), `${current.name} is there once`);
      families.set(current.name, current);
    } else if (type !== null && current !== undefined && current.name === type[1])
      current.type = type[2] ?? '';
    else if (sample !== null && current !== undefined && current.name === sample[1])
      current.samples.push({ labels: sample[2] ?? '', value: Number(sample[3]) });
    else t.fail(`out of place: ${line}`);
  }
  return families;
}

/** What promtool checks too: base units, `_total` for what only rises, help in sentences. */
function checkNames(t: Test, families: Map<string, Family>): void {
  for (const { name, type, help, samples } of families.values()) {
    t.match(name, /^(parapet|process)_[a-z0-9_]+$/, name);
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: ${type}`);
    t.notMatch(name, /_(ms|us|ns|kb|mb|kib|mib|milliseconds|percent)(_total)?$/, `${name}: a base unit`);
    t.match(help, /^[A-Z].*\.$/, `${name}: a sentence`);
    t.equal(new Set(samples.map(({ labels }) => labels)).size, samples.length, `${name}: labels`);
    for (const { labels } of samples) t.match(labels, /^$|^\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\}$/, name);
  }
}

export async function metrics(t: Test): Promise<void> {
  const over = { origins: { second: { servers: [{ url: 'http://nowhere.invalid:1' }] } } };
  const parapet = await startParapet(t, siteConfig({ host: '127.0.0.1', port: 1 }, over));
  const ask = async () =>
    (await fetchOnce(parapet.admin, '/metrics', { host: `localhost:${parapet.admin.port}` })).body.toString();
  await fetchOnce(parapet.listener(), '/');
  const text = await ask();
  const families = readFamilies(t, text);
  checkNames(t, families);
  t.match(families.get('parapet_build_info')?.samples, [
    { labels: /version="[0-9.]+",engine="native",compiler="g\+\+/, value: 1 },
  ]);
  t.same(families.get('parapet_origin_addresses')?.samples, [
    { labels: '{origin="site",server="http://127.0.0.1:1"}', value: 1 },
    { labels: '{origin="second",server="http://nowhere.invalid:1"}', value: 0 },
  ]);
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'parapet_config_last_reload_success_timestamp_seconds',
  ])
    t.ok((families.get(name)?.samples[0]?.value ?? 0) > 0, name);
  t.equal(families.get('parapet_config_last_reload_successful')?.samples[0]?.value, 1);

  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (promtool.error === undefined) t.same([promtool.status, promtool.stderr], [0, ''], 'promtool');
  else t.comment('promtool is not installed');

  parapet.rewrite('listeners: nonsense\n');
  parapet.signal('SIGHUP');
  await until(10_000, 'the reload that was refused', async () =>
    /^parapet_config_last_reload_successful 0$/m.test(await ask()) ? true : undefined,
  );
  t.match(await ask(), /^parapet_reloads_total\{result="refused"\} 1$/m);
}
