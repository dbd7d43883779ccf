/** The lint of layers is itself checked: the canary folder breaks the table in every way that there is a rule for. */
import t from 'tap';
import { cruise } from '../../scripts/runners/layers.mjs';

const expected = [
  'door-dns: src/edge/policy.ts',
  'door-edge: src/config/index.ts',
  'edge-thread-reach: src/edge/edge.thread.ts',
  'layer-cache: src/cache/sibling.ts',
  'layer-config: src/config/index.ts',
  'layer-edge: src/edge/policy.ts',
  'layer-lib: src/lib/upwards.ts',
  'no-cycle: src/cache/first.ts',
  'no-cycle: src/config/index.ts',
  'no-row: src/odd/unlisted.ts',
  'package-yaml: src/odd/unlisted.ts',
  'thread-entry: src/config/index.ts',
];

t.test(
  'every planted violation is caught, type-only imports included, and nothing else is reported',
  async (t) => {
    const { modules, violations } = await cruise('test/tidy/canary');
    t.ok(modules >= 11, 'the canary modules were looked at');
    t.same(violations.map(({ rule, from }) => `${rule}: ${from}`).sort(), expected);
  },
);

t.test('the sources are really cruised', async (t) => {
  const { modules } = await cruise();
  t.ok(modules > 10, `${modules} modules`);
});
