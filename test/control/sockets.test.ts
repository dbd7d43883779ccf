/** Listening sockets over a reload, their owner played by the test. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CompiledListener } from '../../src/config/index.ts';
import { lockFolder } from '../../src/control/data-folder.ts';
import type { ToProxy, ToSupervisor } from '../../src/control/handover.ts';
import type { GivenConfig, SocketOwner } from '../../src/control/host.ts';
import { LentSockets } from '../../src/control/lent-sockets.ts';
import { Sockets } from '../../src/control/sockets.ts';

const listener = (id: number, key: string): CompiledListener => ({
  id,
  key,
  address: key,
  host: '127.0.0.1',
  port: 0,
  backlog: 1,
});
const [one, two, three] = [listener(1, 'one'), listener(2, 'two'), listener(3, 'three')];

const given: GivenConfig = { text: 'text', files: { contents: new Map([['/a', Buffer.from('b')]]) } };

function setUp() {
  const closed: number[] = [];
  const inForce: [GivenConfig, readonly string[]][] = [];
  let fail: string | undefined;
  let next = 10;
  const owner: SocketOwner = {
    open: async ({ key, where }) => {
      if (key === fail) throw new Error(`${where} is taken`);
      return { key, port: next, fds: [next++, next++] };
    },
    inForce: (config, keys) => inForce.push([config, keys]),
    ready: () => {},
    reloading: () => {},
    reloaded: () => {},
  };
  const sockets = new Sockets({ closeFd: (fd) => closed.push(fd) }, owner, [
    { key: 'one', port: 80, fds: [5, 6] },
  ]);
  return { sockets, closed, inForce, failAt: (key: string) => (fail = key) };
}

t.test('each worker slot is lent its own sockets, under the numbers of the config', async (t) => {
  const { sockets, closed, inForce } = setUp();
  await sockets.require([one, two]);
  t.same(sockets.lend([one, two], 0), [
    { id: 1, fd: 5 },
    { id: 2, fd: 10 },
  ]);
  t.same(sockets.lend([two], 1), [{ id: 2, fd: 11 }]);
  t.equal(sockets.portOf('one'), 80);
  sockets.keep([two], given);
  t.same(closed, [5, 6]);
  t.same(inForce, [[given, ['two']]]);
  sockets.close();
  t.same(closed, [5, 6, 10, 11]);
});

t.test('where one cannot be opened, none of the new ones is', async (t) => {
  const { sockets, closed, failAt } = setUp();
  failAt('three');
  await t.rejects(sockets.require([one, two, three]), /listeners\[2\]\.address is taken/);
  t.same(closed, [10, 11]);
  t.same(sockets.lend([one, two, three], 0), [{ id: 1, fd: 5 }]);
});

t.test('the proxy asks its supervisor, and takes the descriptors from the channel', async (t) => {
  const sent: ToSupervisor[] = [];
  const lent = new LentSockets(
    { receiveDescriptors: () => [20, 21] },
    { send: (message) => sent.push(message) },
  );
  const request = {
    key: 'two',
    where: 'listeners[1].address',
    address: '127.0.0.1:0',
    host: '127.0.0.1',
    port: 0,
    backlog: 1,
  };
  const opened = lent.open(request);
  const answer: ToProxy = { kind: 'opened', key: 'two', port: 8080 };
  lent.hear(answer);
  t.same(await opened, { key: 'two', port: 8080, fds: [20, 21] });
  const refused = lent.open(request);
  lent.hear({ kind: 'refused', key: 'two', message: 'it is taken' });
  await t.rejects(refused, /it is taken/);
  lent.inForce(given, ['one']);
  lent.ready(7);
  t.same(sent.slice(2), [
    { kind: 'inForce', text: 'text', files: [['/a', 'Yg==']], keys: ['one'] },
    { kind: 'ready', adminPort: 7 },
  ]);
});

t.test('the log folder is made, and its lock tells who has it', async (t) => {
  const folder = join(t.testdir(), 'a/b');
  const held: string[] = [];
  const binding = {
    lockFile: (path: string, holder: string) => {
      closeSync(openSync(path, 'a'));
      held.push(holder);
      return held.length === 1
        ? ({ held: true } as const)
        : ({ held: false, holder: `${held[0]}\n` } as const);
    },
  };
  t.same(lockFolder(binding, folder, 'me'), { kind: 'held' });
  t.same(lockFolder(binding, folder, 'other'), { kind: 'taken', holder: 'me' });
  t.match(lockFolder(binding, '/dev/null/x', 'me'), { kind: 'unusable', message: /^E[A-Z]+:/ });
});
