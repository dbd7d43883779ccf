/**
 * Load from raw keep-alive sockets that survives kills of the server: every response is read strictly, its body is
 * compared, and the `parapet-ray` of every response that came whole is kept. A connection that breaks is opened anew.
 */
import { type Address, RawClient } from './raw-client.ts';
import { Deferred } from './within.ts';

export interface LoadTarget {
  path: string;
  body: Buffer;
}

export interface LoadOptions {
  address: Address;
  connections: number;
  targets: LoadTarget[];
}

export class Load {
  /** Of every response that was received whole. */
  readonly rays = new Set<string>();
  whole = 0;
  broken = 0;
  refused = 0;
  readonly faults: string[] = [];
  readonly statuses = new Map<number, number>();
  address: Address;
  readonly #targets: LoadTarget[];
  readonly #clients = new Set<RawClient>();
  readonly #lanes: Promise<void>[];
  #isOn = true;
  /** Set while the server is known to be away. */
  #pause: Deferred<void> | undefined;
  #marks: { count: number; reached: Deferred<void> }[] = [];

  constructor(options: LoadOptions) {
    this.address = options.address;
    this.#targets = options.targets;
    this.#lanes = Array.from({ length: options.connections }, (_, lane) => this.#run(lane));
  }

  /** No new connection is opened until `resume`. */
  pause(): void {
    this.#pause ??= new Deferred<void>();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  /** Resolves once so many more responses have come whole. */
  async more(responses: number): Promise<void> {
    const reached = new Deferred<void>();
    this.#marks.push({ count: this.whole + responses, reached });
    await reached.promise;
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    this.resume();
    for (const client of this.#clients) client.destroy();
    await Promise.all(this.#lanes);
  }

  async #run(lane: number): Promise<void> {
    let turn = lane;
    while (this.#isOn) {
      await this.#pause?.promise;
      let client: RawClient;
      try {
        client = await RawClient.connect(this.address);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') this.refused += 1;
        else this.broken += 1;
        // A refused connection fails at once: without a turn of the loop this lane would starve the others.
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      this.#clients.add(client);
      try {
        while (this.#isOn) turn = await this.#one(client, turn);
      } catch {
        if (this.#isOn) this.broken += 1;
      }
      this.#clients.delete(client);
      client.destroy();
    }
  }

  async #one(client: RawClient, turn: number): Promise<number> {
    const target = this.#targets[turn % this.#targets.length] as LoadTarget;
    const answer = await client.request(target.path, { timeoutMs: 30_000 });
    this.whole += 1;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    const ray = answer.field('parapet-ray');
    if (ray === undefined || !/^[0-9a-f]{16}$/.test(ray)) this.#fault(`no ray id: ${ray}`);
    else if (this.rays.has(ray)) this.#fault(`ray id ${ray} came twice`);
    else this.rays.add(ray);
    if (answer.status === 200 && !answer.body.equals(target.body))
      this.#fault(`wrong body for ${target.path}`);
    for (const mark of this.#marks) if (this.whole >= mark.count) mark.reached.resolve();
    this.#marks = this.#marks.filter(({ reached }) => !reached.isSettled);
    return turn + 1;
  }

  #fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}
