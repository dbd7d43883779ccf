/** What the README and the pages of `docs/` promise: their configs can be used, and their tables name what there is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';
import { ConfigFiles, loadConfig } from '../../src/config/index.ts';
import { logFamilies } from '../../src/control/log-families.ts';
import { failCauses, reasons } from '../../src/engine/contract.ts';
import { httpRequestsFields } from '../../src/logs/record/http-requests.ts';
import { type CounterPage, engineFamilies, storeFamilies } from '../../src/metrics/index.ts';
import type { ShipperStats } from '../../src/shipper/protocol.ts';
import { makeCertificate, makeRoot } from '../support/certificates.ts';

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].map((name) => ({
  name,
  text: readFileSync(join(root, name), 'utf8'),
}));
const schema: unknown = JSON.parse(readFileSync(join(root, 'config/schema.json'), 'utf8'));

/** A chapter of one page. */
function section(name: string, title: string): string {
  const text = pages.find((page) => page.name === name)?.text ?? '';
  return text.split(/^##? /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

const codeOf = (cell: string | undefined) => /^`(.*)`$/.exec(cell ?? '')?.[1];

function step(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | undefined)?.[name];
}

/** The default of a key such as `origins.*.queue.waitMs`, as the schema writes it. */
function defaultOf(key: string): string {
  let at: unknown = schema;
  for (const name of key.replaceAll('[]', '.[]').split('.')) {
    if (name === '*') at = step(at, 'additionalProperties');
    else at = name === '[]' ? step(at, 'items') : step(step(at, 'properties'), name);
  }
  return String(step(at, 'default'));
}

/** Certificates where a config names some. */
function certificatesOf(name: string, config: string): ConfigFiles {
  const at = (path: string) => resolve(dirname(name), path);
  const pairs = [...config.matchAll(/cert: ([\w./-]+),?\s+key: ([\w./-]+)/g)].flatMap(
    ([, cert = '', key = '']) => {
      const issued = makeCertificate({ names: ['example.com'] });
      return [
        [at(cert), Buffer.from(issued.cert)],
        [at(key), Buffer.from(issued.key)],
      ] as const;
    },
  );
  const roots = [...config.matchAll(/ca: ([\w./-]+)/g)].map(
    ([, ca = '']) => [at(ca), Buffer.from(makeRoot().cert)] as const,
  );
  return new ConfigFiles([...pairs, ...roots]);
}

/** A block that begins with a listener is a whole config; others are parts of one. */
t.test('every whole config in the documentation passes the check', async (t) => {
  const blocks = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/^```yaml\n(listeners:.*?)^```$/gms)].map(([, config = '']) => ({ name, config })),
  );
  t.ok(blocks.length >= 2, `${blocks.length} configs`);
  for (const { name, config } of blocks)
    t.match(loadConfig(name, config, certificatesOf(name, config)), { ok: true, warnings: [] }, name);
});

t.test('every link leads to a file and, where it names one, to a heading', async (t) => {
  const slug = (title: string) =>
    title
      .toLowerCase()
      .replaceAll(/[`:,.()/]/g, '')
      .replaceAll(' ', '-');
  for (const { name, text } of pages) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file = '', heading] = target.split('#');
      const path = file === '' ? join(root, name) : join(root, dirname(name), file);
      if (!t.ok(existsSync(path), `${name}: ${target}`) || heading === undefined) continue;
      const titles = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        slug(title),
      );
      t.ok(titles.includes(heading), `${name}: ${target}`);
    }
  }
});

t.test('the table of limits names keys, defaults, reasons and metrics that there are', async (t) => {
  const rows = [...section('docs/limits.md', 'Limits').matchAll(/^\| [^|]+ \| `.*$/gm)].map(([line]) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  t.ok(rows.length > 25, `${rows.length} limits`);
  const page = { read: () => 0 } as unknown as CounterPage;
  const families = [...engineFamilies([page]), ...storeFamilies({})].map(({ name }) => name);
  const spool = { segments: 0, bytes: 0, bytesMax: 0, oldestMs: null, nextRecord: 0, lastError: null };
  const stats: ShipperStats = {
    jobs: [],
    rings: [],
    spool: { ...spool, failures: 0, removedSegments: 0, setAsideSegments: 0 },
    recoveredRings: 0,
    setAsideRings: 0,
    interruptedRecords: 0,
    damagedBytes: 0,
  };
  const logs = logFamilies(stats, 0).map(({ name }) => name);
  const metrics = [...families, ...logs, 'parapet_worker_replacements_total'];
  const words: readonly string[] = [...reasons, ...failCauses];
  for (const [about = '', key, value, , reason, metric] of rows) {
    t.equal(value, defaultOf(codeOf(key) ?? ''), `${about}: default of ${key}`);
    if (reason !== '') t.ok(words.includes(codeOf(reason) ?? ''), `${about}: ${reason}`);
    if (metric !== '') t.ok(metrics.includes(codeOf(metric) ?? ''), `${about}: ${metric}`);
  }
});

t.test('every limit has its row', async (t) => {
  const keys = Object.keys(step(step(step(schema, 'properties'), 'limits'), 'properties') as object);
  for (const key of keys) t.ok(section('docs/limits.md', 'Limits').includes(`\`limits.${key}\``), key);
});

t.test('the fields of a record are those that a job gets by default', async (t) => {
  const paragraph =
    /^`EdgeStartTimestamp`(?:.|\n)*?\n\n/m.exec(section('docs/logs.md', 'Log records'))?.[0] ?? '';
  const named = [...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  t.same(
    named,
    httpRequestsFields.filter(({ isDefault }) => isDefault).map(({ name }) => name),
  );
});

t.test('what stands beside a directive of nginx is a key that there is', async (t) => {
  const resolve = (key: string): boolean => {
    let at: unknown = schema;
    for (const name of key.split('.')) {
      const [plain = '', ...items] = name.split('[]');
      at = plain === '*' ? step(at, 'additionalProperties') : step(step(at, 'properties'), plain);
      for (const _ of items) at = step(at, 'items');
      const variants = step(at, 'oneOf') as unknown[] | undefined;
      if (variants !== undefined && step(at, 'properties') === undefined) at = variants[0];
    }
    return at !== undefined;
  };
  const top = Object.keys(step(schema, 'properties') as object);
  for (const [page, title] of [
    ['README.md', 'Coming from nginx'],
    ['docs/nginx.md', 'Directives'],
  ] as const) {
    const cells = [...section(page, title).matchAll(/^\| .* \| (.*) \|$/gm)].map(([, cell = '']) => cell);
    t.ok(cells.length > 10, `${page}: ${cells.length} rows`);
    const keys = cells.flatMap((cell) =>
      [...cell.matchAll(/`([A-Za-z_.*[\]]+)`/g)].map(([, key = '']) => key),
    );
    const named = keys.filter((key) => top.includes(key.replace(/[.[].*/, '')));
    t.ok(named.length > 10, `${page}: ${named.length} keys`);
    for (const key of named) t.ok(resolve(key), `${page}: ${key}`);
  }
});
