import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readOrMakeToken } from '../../src/admin/index.ts';
import { isToken } from '../../src/admin/token.ts';

const random = (bytes: number) => 'ab'.repeat(bytes);

t.test('the token is made once, for its owner alone', async (t) => {
  const path = join(t.testdir(), 'admin.token');
  const token = readOrMakeToken(path, random);
  t.equal(token, 'ab'.repeat(32));
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(readFileSync(path, 'utf8'), `${token}\n`);
  t.equal(
    readOrMakeToken(path, () => 'other'),
    token,
  );
});

t.test('a token that others can read, or that is empty, is not used', async (t) => {
  const path = join(t.testdir(), 'admin.token');
  writeFileSync(path, 'x\n', { mode: 0o600 });
  chmodSync(path, 0o644);
  t.throws(() => readOrMakeToken(path, random), /can be read by others: run chmod 600/);
  writeFileSync(path, '\n');
  chmodSync(path, 0o600);
  t.throws(() => readOrMakeToken(path, random), /is empty/);
});

t.test('a bearer token is compared whole', async (t) => {
  t.ok(isToken('Bearer abc', 'abc'));
  t.ok(isToken('bearer  abc', 'abc'));
  for (const field of [undefined, '', 'abc', 'Basic abc', 'Bearer ab', 'Bearer abcd', 'Bearer abc d'])
    t.notOk(isToken(field, 'abc'), field ?? 'none');
});
