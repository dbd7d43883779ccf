import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Identity } from '../../src/control/identity.ts';

const random = (text: string) => (bytes: number) => text.padStart(bytes * 2, '0');

t.test('rings and rays are numbered on over restarts', async (t) => {
  const folder = t.testdir();
  const first = new Identity(folder, random('1000000000000005'), (line) => t.fail(line));
  t.equal(first.bootIdHex, '1000000000000005');
  t.same(first.next(), { ringId: 1, rayFirstHex: '1000010000000005' });
  t.same(first.next(), { ringId: 2, rayFirstHex: '1000020000000005' });
  const second = new Identity(folder, random('ffff'), (line) => t.fail(line));
  t.equal(second.bootIdHex, '000000000000ffff', 'each process has its own');
  t.same(second.next(), { ringId: 3, rayFirstHex: '1000030000000005' });
});

t.test('ranges wrap at 64 bits', async (t) => {
  const identity = new Identity(t.testdir(), random('ffffff0000000001'), (line) => t.fail(line));
  t.equal(identity.next().rayFirstHex, '0000000000000001');
});

t.test('a damaged file is replaced, an unwritable folder is told and does not stop anything', async (t) => {
  const folder = t.testdir({ 'identity.json': '{"machine":5' });
  new Identity(folder, random('a'), (line) => t.fail(line)).next();
  t.same(JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')), {
    machine: '000000000000000a',
    engines: 1,
  });
  writeFileSync(join(folder, 'file'), '');
  const told: string[] = [];
  const drawn = ['b', 'c', 'd'];
  const identity = new Identity(
    join(folder, 'file'),
    (bytes) => random(drawn.shift() ?? '')(bytes),
    (line) => told.push(line),
  );
  t.same(
    identity.next(),
    { ringId: 1, rayFirstHex: '000001000000000d' },
    'from a start that no other process has',
  );
  t.same(identity.next(), { ringId: 2, rayFirstHex: '000002000000000d' });
  t.match(told, [/cannot write/]);
});
