/** `Type=notify`: what a service manager hears over a real Unix datagram socket, and from which process. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { siteConfig } from '../../support/config.ts';
import { startParapet } from '../../support/parapet.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { until } from '../../support/within.ts';

/** Node has no Unix datagram sockets. */
export const notifySkip: string | false =
  spawnSync('python3', ['-c', '0']).status === 0 ? false : 'python3 is not installed';

const receiver = `
import json, socket, struct, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    data, extra, _, _ = s.recvmsg(4096, 256)
    pid = struct.unpack("iII", extra[0][2])[0]
    print(json.dumps({"pid": pid, "text": data.decode()}), flush=True)
`;

interface Message {
  pid: number;
  text: string;
}

class Manager {
  readonly messages: Message[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async listen(t: Test, name: string): Promise<Manager> {
    const child = spawn('python3', ['-c', receiver, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    const manager = new Manager(child);
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => manager.messages.push(JSON.parse(line) as Message));
    return manager;
  }

  /** Waits for a message behind the first `after` ones. */
  async hear(pattern: RegExp, after = 0): Promise<Message> {
    return await until(
      15_000,
      `a message like ${pattern}`,
      () => this.messages.slice(after).find(({ text }) => pattern.test(text)),
      () => JSON.stringify(this.messages),
    );
  }

  count(pattern: RegExp): number {
    return this.messages.filter(({ text }) => pattern.test(text)).length;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

const nowhere = { host: '127.0.0.1', port: 1 };

export async function notifies(t: Test): Promise<void> {
  const rows: [name: string, socket: (folder: string) => string, args: string[]][] = [
    ['with a supervisor, a path', (folder) => join(folder, 'notify'), []],
    ['alone, an abstract name', () => `@parapet-test-${process.pid}`, ['--no-supervisor']],
  ];
  for (const [name, socketOf, args] of rows) {
    const folder = temporaryFolder(t);
    const socket = socketOf(folder);
    const manager = await Manager.listen(t, socket);
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' };
    const failing = args.length > 0;
    const parapet = await startParapet(t, siteConfig(nowhere), { folder, args, env, failing });
    const ready = await manager.hear(/^READY=1\nMAINPID=\d+\nSTATUS=Accepting connections\.$/);
    t.equal(ready.pid, parapet.pid, `${name}: the process that systemd has started tells it`);
    t.match(ready.text, new RegExp(`^MAINPID=${parapet.pid}$`, 'm'), name);
    await manager.hear(/^WATCHDOG=1$/);

    let before = manager.messages.length;
    parapet.signal('SIGHUP');
    const reloading = await manager.hear(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/, before);
    const sinceUs = process.hrtime.bigint() / 1000n - BigInt(/USEC=(\d+)/.exec(reloading.text)?.[1] ?? 0);
    t.ok(sinceUs >= 0n && sinceUs < 60_000_000n, `${name}: on the clock of the machine`);
    await manager.hear(/^READY=1\n.*\nSTATUS=.*snapshot 2 is in force/, before);

    before = manager.messages.length;
    parapet.rewrite('listeners: nonsense\n');
    parapet.signal('SIGHUP');
    await manager.hear(/^RELOADING=1/, before);
    await manager.hear(/^READY=1\n.*\nSTATUS=.*nothing has changed/, before);

    before = manager.messages.length;
    parapet.signal('SIGTERM');
    await manager.hear(/^STOPPING=1$/m, before);
    t.same(await parapet.exited, { code: 0, signal: null }, name);
    t.equal(manager.count(/^STOPPING=1$/m), 1, `${name}: once`);
    manager.end();
  }
}

/** A control thread that hangs gives no sign of life, so the service manager ends it all. */
export async function watchdog(t: Test): Promise<void> {
  const folder = temporaryFolder(t);
  const socket = join(folder, 'notify');
  const manager = await Manager.listen(t, socket);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' };
  const parapet = await startParapet(t, siteConfig(nowhere), { folder, env });
  await manager.hear(/^WATCHDOG=1$/);
  const child = await parapet.child();
  process.kill(child, 'SIGSTOP');
  // What had been asked for before the stop may still be answered; then there is silence for three times the timeout.
  let seen = -1;
  await until(10_000, 'silence', async () => {
    const now = manager.count(/^WATCHDOG=1$/);
    const isSilent = now === seen;
    seen = now;
    await new Promise((resolve) => setTimeout(resolve, 900));
    return isSilent ? true : undefined;
  });
  process.kill(child, 'SIGCONT');
  const before = manager.messages.length;
  await manager.hear(/^WATCHDOG=1$/, before);

  process.kill(child, 'SIGKILL');
  await manager.hear(/^STATUS=The proxy ended \(SIGKILL\) and is started again\.$/, before);
  await manager.hear(/^READY=1\n/, before);
  t.not(await parapet.child(child), child, 'another process serves');
}
