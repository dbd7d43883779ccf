import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { lockFolder } from '../../src/control/data-folder.ts';

const binding = { lockFile: () => ({ held: true }) as const };

t.test('a folder is made with those above it, and only it is private', async (t) => {
  const folder = join(t.testdir({}), 'var/log');
  t.same(lockFolder(binding, folder, 'self'), { kind: 'held' });
  t.equal(statSync(folder).mode & 0o777, 0o750);
  t.equal(statSync(join(folder, '..')).mode & 0o777, 0o755);
  t.same(lockFolder(binding, folder, 'again'), { kind: 'held' });
});

t.test('a place that takes no new names is told, not tried for ever', async (t) => {
  t.match(lockFolder(binding, '/dev/fd/logs', 'self'), { kind: 'unusable', message: /ENOENT/ });
});
