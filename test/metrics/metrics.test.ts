import t from 'tap';
import { counters } from '../../src/engine/contract.ts';
import {
  CounterPage,
  engineFamilies,
  family,
  formatExposition,
  storeFamilies,
  sumCounters,
} from '../../src/metrics/index.ts';

function page(values: Record<string, bigint>): { buffer: ArrayBuffer; page: CounterPage } {
  const buffer = new ArrayBuffer(4096);
  const words = new BigUint64Array(buffer);
  for (const [index, [name]] of counters.entries()) words[index] = values[name] ?? 0n;
  return { buffer, page: new CounterPage(buffer) };
}

t.test('counters are summed over the pages', async (t) => {
  const pages = [
    page({ exchanges_total: 2n, connections_open: 1n }).page,
    page({ exchanges_total: 2n ** 40n }).page,
  ];
  const sums = sumCounters(pages);
  t.equal(sums.get('exchanges_total'), 2 ** 40 + 2);
  t.equal(sums.get('connections_open'), 1);
});

t.test('a dead worker has no gauges, and keeps its totals', async (t) => {
  const { page: dead } = page({ exchanges_total: 5n, connections_open: 3n, exchanges_live: 2n });
  dead.clearGauges();
  t.equal(dead.read('exchanges_total'), 5);
  t.equal(dead.read('connections_open'), 0);
  t.equal(dead.read('exchanges_live'), 0);
});

t.test('every counter of the contract is a family with type, help and unit', async (t) => {
  const families = engineFamilies([page({}).page]);
  t.equal(families.length, counters.length - 1, 'all but the heartbeat');
  for (const { name, type, help } of families) {
    t.match(name, /^parapet_[a-z0-9_]+$/);
    t.equal(type, name.endsWith('_total') ? 'counter' : 'gauge');
    t.match(help, /Unit: /);
  }
});

t.test('numbers of the store become families', async (t) => {
  const families = storeFamilies({ bytesUsed: 5, evictions: 7 });
  t.same(
    families.find(({ name }) => name === 'parapet_store_used_bytes'),
    {
      name: 'parapet_store_used_bytes',
      type: 'gauge',
      help: 'Memory of the store in use, all overhead included.',
      samples: [{ value: 5 }],
    },
  );
  for (const { name, type } of families) t.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
});

t.test('no family has the name of another', async (t) => {
  const names = [...engineFamilies([page({}).page]), ...storeFamilies({})].map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
});

t.test('the exposition is the text format, with its escapes', async (t) => {
  const text = formatExposition([
    family('parapet_a_total', 'counter', 'A\\b\nc.', 3),
    family('parapet_b', 'gauge', 'B.', [{ labels: { zone: 'a"b\\c\nd', job: 'x' }, value: 0.5 }]),
  ]);
  t.equal(
    text,
    [
      '# HELP parapet_a_total A\\\\b\\nc.',
      '# TYPE parapet_a_total counter',
      'parapet_a_total 3',
      '# HELP parapet_b B.',
      '# TYPE parapet_b gauge',
      'parapet_b{zone="a\\"b\\\\c\\nd",job="x"} 0.5',
      '',
    ].join('\n'),
  );
});
