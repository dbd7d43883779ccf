/** What the README promises: its configs can be used, and its table of limits names what there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';
import { loadConfig } from '../../src/config/index.ts';
import { failCauses, reasons } from '../../src/engine/contract.ts';
import { httpRequestsFields } from '../../src/logs/record/http-requests.ts';
import { type CounterPage, engineFamilies, storeFamilies } from '../../src/metrics/index.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const schema: unknown = JSON.parse(readFileSync(join(root, 'config/schema.json'), 'utf8'));

function section(title: string): string {
  return readme.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

const codeOf = (cell: string | undefined) => /^`(.*)`$/.exec(cell ?? '')?.[1];

function step(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | undefined)?.[name];
}

/** The default of a key such as `origins.*.queue.waitMs`, as the schema writes it. */
function defaultOf(key: string): string {
  let at: unknown = schema;
  for (const name of key.split('.'))
    at = name === '*' ? step(at, 'additionalProperties') : step(step(at, 'properties'), name);
  return String(step(at, 'default'));
}

t.test('every config in the README passes the check', async (t) => {
  const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
  t.ok(blocks.length >= 2, `${blocks.length} configs`);
  for (const text of blocks) t.match(loadConfig('README.md', text), { ok: true });
});

t.test('the table of limits names keys, defaults, reasons and metrics that there are', async (t) => {
  const rows = [...section('Limits').matchAll(/^\| [^|]+ \| `.*$/gm)].map(([line]) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  t.ok(rows.length > 25, `${rows.length} limits`);
  const page = { read: () => 0 } as unknown as CounterPage;
  const families = [...engineFamilies([page]), ...storeFamilies({})].map(({ name }) => name);
  const metrics = [...families, 'parapet_worker_replacements_total'];
  const words: readonly string[] = [...reasons, ...failCauses];
  for (const [about = '', key, value, , reason, metric] of rows) {
    t.equal(value, defaultOf(codeOf(key) ?? ''), `${about}: default of ${key}`);
    if (reason !== '') t.ok(words.includes(codeOf(reason) ?? ''), `${about}: ${reason}`);
    if (metric !== '') t.ok(metrics.includes(codeOf(metric) ?? ''), `${about}: ${metric}`);
  }
});

t.test('every limit has its row', async (t) => {
  const keys = Object.keys(step(step(step(schema, 'properties'), 'limits'), 'properties') as object);
  for (const key of keys) t.ok(section('Limits').includes(`\`limits.${key}\``), key);
});

t.test('the fields of a record are those that a job gets by default', async (t) => {
  const paragraph = /^`EdgeStartTimestamp`(?:.|\n)*?\n\n/m.exec(section('Log records'))?.[0] ?? '';
  const named = [...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  t.same(
    named,
    httpRequestsFields.filter(({ isDefault }) => isDefault).map(({ name }) => name),
  );
});
