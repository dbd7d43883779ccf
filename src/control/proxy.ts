/**
 * The proxy process: takes nothing from clients itself, but opens the store, starts the log thread and the workers, puts
 * configs in force, and ends it all in order.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, problems } from '../admin/index.ts';
import { ConfigFiles, noIds } from '../config/index.ts';
import type { EdgeConfiguration, EdgeThreadSetup } from '../edge/protocol.ts';
import { type Binding, type EngineOptions, ringKinds } from '../engine/native/binding.ts';
import type { Clock } from '../lib/clock.ts';
import type { RandomHex } from '../lib/random.ts';
import { ringFilePrefix, ringFileSuffix } from '../logs/ring/layout.ts';
import { CounterPage } from '../metrics/index.ts';
import { matchCountBytes } from '../rules/action/layout.ts';
import { becomeAccount, findAccount } from './account.ts';
import { type OpenAdmin, openAdmin } from './admin-open.ts';
import { configuredAdmin } from './admin-place.ts';
import { adminPorts, type Reloads } from './admin-side.ts';
import { type Configuration, keysThatNeedRestart, type Read, readConfiguration } from './configuration.ts';
import { giveFolder, lockFolder } from './data-folder.ts';
import { Delivery, type ShipperThread } from './delivery.ts';
import type { EdgeRing, EdgeThread } from './edge-life.ts';
import { Fleet } from './fleet.ts';
import type { OpenListener } from './handover.ts';
import type { SocketOwner } from './host.ts';
import { HostsFile } from './hosts-file.ts';
import { Identity } from './identity.ts';
import { deliveryOf } from './job-filters.ts';
import { purgeChangedZones } from './purge.ts';
import type { ReadQuestion } from './read-apart.ts';
import { readyLine } from './ready-line.ts';
import { NameResolver, systemNameServers } from './resolve.ts';
import { Sockets } from './sockets.ts';
import { StartError } from './start-error.ts';
import { TicketKeys } from './ticket-keys.ts';
import type { SlotSettings } from './worker-slot.ts';

export interface ProxyPorts {
  binding: Binding;
  clock: Clock;
  randomHex: RandomHex;
  readFile: (path: string) => string;
  /** A line for the operator, on standard error. */
  tell: (line: string) => void;
  /** Text for the operator that has its own form (diagnostics). */
  show: (text: string) => void;
  /** A line for scripts, on standard output. */
  print: (line: string) => void;
  /** Ends the process without any ceremony: the supervisor starts another, which recovers what is in the rings. */
  giveUp: (why: string) => void;
  createEdge: (setup: EdgeThreadSetup, heapMb: number) => EdgeThread;
  createShipper: () => ShipperThread;
  /** While control goes on with its work. */
  readConfiguration: (question: ReadQuestion) => Promise<Read>;
}

export interface ProxyStart {
  file: string;
  text: string;
  /** What the files held that the config names, where that is known. */
  files: readonly (readonly [path: string, bytes: Uint8Array])[];
  workers: number;
  listeners: readonly OpenListener[];
  /** For the admin API, where the config lets the system choose; 0: any. */
  adminPort: number;
  testFaults: boolean;
  version: string;
}

const secretBytes = 16;

export class Proxy {
  readonly #start: ProxyStart;
  readonly #owner: SocketOwner;
  readonly #ports: ProxyPorts;
  readonly #sockets: Sockets;
  readonly #identity: Identity;
  readonly #delivery: Delivery;
  readonly #resolver: NameResolver;
  readonly #ticketKeys: TicketKeys;
  readonly #pages = new Map<number, CounterPage>();
  readonly #matchCounts = new SharedArrayBuffer(matchCountBytes);
  readonly #fdsMax: number;
  readonly #startSeconds: number;
  #configuration: Configuration;
  #admin: OpenAdmin | undefined;
  #fleet: Fleet | undefined;
  #isDraining = false;
  #reloading: Promise<unknown> = Promise.resolve();
  readonly #reloads: Reloads;

  /** Takes what only one process can have: the lock of the log folder, the admin address. Rejects with a StartError. */
  static async start(start: ProxyStart, owner: SocketOwner, ports: ProxyPorts): Promise<Proxy> {
    const read = readConfiguration(
      start.file,
      start.text,
      noIds,
      start.testFaults,
      new ConfigFiles(start.files, { wereInForce: true }),
    );
    if (!read.ok) {
      ports.show(read.diagnostics);
      throw new StartError('the config cannot be used');
    }
    const proxy = new Proxy(start, read.configuration, owner, ports);
    await proxy.#begin();
    return proxy;
  }

  private constructor(
    start: ProxyStart,
    configuration: Configuration,
    owner: SocketOwner,
    ports: ProxyPorts,
  ) {
    const { binding, clock, randomHex, tell } = ports;
    const { config } = configuration;
    this.#start = start;
    this.#owner = owner;
    this.#ports = ports;
    this.#configuration = configuration;
    this.#startSeconds = clock.nowMs() / 1000;
    this.#reloads = {
      succeeded: 0,
      refused: 0,
      isLastRefused: false,
      lastSuccessSeconds: this.#startSeconds,
    };
    this.#lockFolder(config.logs.directory);
    this.#fdsMax = binding.raiseFileLimit().soft;
    this.#sockets = new Sockets(binding, owner, start.listeners);
    this.#identity = new Identity(config.logs.directory, randomHex, tell);
    this.#delivery = new Delivery(deliveryOf(configuration), this.#identity.bootIdHex, {
      clock,
      tell,
      createThread: ports.createShipper,
    });
    this.#ticketKeys = new TicketKeys(clock, randomHex, (keys) => this.#fleet?.setTicketKeys(keys));
    const admin = configuredAdmin(config, start.file);
    this.#resolver = new NameResolver(config.dns, {
      clock,
      hosts: new HostsFile(config.dns.hostsFile),
      nameServers: systemNameServers(config.dns),
      forbidden: admin?.kind === 'tcp' ? [admin] : [],
      publish: (server, addresses) => this.#setAddresses(server, addresses),
      tell,
    });
  }

  async #begin(): Promise<void> {
    const { binding, randomHex, print } = this.#ports;
    const { config, compiled } = this.#configuration;
    this.#admin = await this.#openAdmin();
    await this.#openSockets();
    if (config.user !== undefined) this.#become(config.user);
    binding.storeOpen({ ...config.store, secretHex: randomHex(secretBytes) });
    await this.#resolver.follow(compiled.names);
    for (const name of compiled.names) this.#setAddresses(name.id, this.#resolver.addressesOf(name));
    this.#delivery.start();
    const fleet = new Fleet(
      this.#start.workers,
      (slot) => this.#edge(this.#configuration, slot),
      this.#settings(),
      {
        clock: this.#ports.clock,
        tell: this.#ports.tell,
        stuck: (name) => this.#ports.giveUp(`${name} cannot be ended`),
        createThread: (setup) =>
          this.#ports.createEdge(
            { ...setup, matchCounts: this.#matchCounts },
            this.#configuration.config.worker.heapMb,
          ),
        engineOptions: (workerIndex) => this.#engineOptions(workerIndex),
        ringOpened: (worker, ring) => this.#ringOpened(worker, ring),
        ringLeft: (ring) => this.#delivery.ringLeft(ring.ringPath),
        page: (workerIndex) => this.#page(workerIndex),
      },
    );
    try {
      await fleet.start(config.worker.stallMs);
    } catch (cause) {
      throw new StartError(`a worker cannot start: ${(cause as Error).message}`, { cause });
    }
    this.#fleet = fleet;
    this.#ports.show(this.#configuration.warnings);
    this.#ticketKeys.follow(config.tls.ticketKeySeconds);
    this.#sockets.keep(compiled.listeners, this.#configuration);
    const bound = compiled.listeners.map(({ key, host }) => ({ host, port: this.#sockets.portOf(key) }));
    print(readyLine(bound, this.#admin?.name));
    this.#owner.ready(this.#admin?.port ?? 0);
  }

  #lockFolder(directory: string): void {
    const { binding, tell } = this.#ports;
    const self = `process ${process.pid} (${this.#start.file})\n`;
    const locked = lockFolder(binding, directory, self);
    if (locked.kind === 'taken') {
      throw new StartError(
        `logs.directory ${directory} is in use by ${locked.holder}: one process at a time`,
      );
    }
    if (locked.kind === 'unusable')
      tell(`logs.directory ${directory} cannot be used: ${locked.message}; records may be lost`);
  }

  async #openAdmin(): Promise<OpenAdmin | undefined> {
    const { binding, randomHex, tell } = this.#ports;
    const ports = adminPorts({
      binding,
      version: this.#start.version,
      startSeconds: this.#startSeconds,
      fdsMax: this.#fdsMax,
      workers: this.#start.workers,
      fleet: () => this.#fleet,
      delivery: () => this.#delivery,
      configuration: () => this.#configuration,
      isDraining: () => this.#isDraining,
      pages: () => [...this.#pages.values()],
      matchCounts: () => new Int32Array(this.#matchCounts),
      reloads: () => this.#reloads,
      reload: async () => await this.reload(),
      tell,
      nowMs: () => this.#ports.clock.nowMs(),
    });
    return await openAdmin(this.#configuration, this.#start.adminPort, ports, randomHex);
  }

  async #openSockets(): Promise<void> {
    try {
      await this.#sockets.require(this.#configuration.compiled.listeners);
    } catch (cause) {
      throw new StartError((cause as Error).message, { cause });
    }
  }

  #become(user: string): void {
    try {
      const account = findAccount(user);
      giveFolder(this.#configuration.config.logs.directory, account);
      becomeAccount(account);
    } catch (cause) {
      throw new StartError(`cannot run as user ${user}: ${(cause as Error).message}`, { cause });
    }
  }

  #engineOptions(workerIndex: number): EngineOptions {
    const { config } = this.#configuration;
    const { directory } = config.logs;
    const pathOf = (id: number) => join(directory, `${ringFilePrefix}${id}${ringFileSuffix}`);
    let { ringId, rayFirstHex } = this.#identity.next();
    // A count that could not be written may name a ring that an earlier process has left.
    while (existsSync(pathOf(ringId))) ({ ringId, rayFirstHex } = this.#identity.next());
    return {
      workerIndex,
      workers: this.#start.workers,
      arenaBytes: config.arena.bytesMax,
      ringPath: pathOf(ringId),
      ringBytes: config.logs.ringBytes,
      ringId,
      bootIdHex: this.#identity.bootIdHex,
      rayFirstHex,
      ticketKeys: this.#ticketKeys.bytes,
    };
  }

  #ringOpened(worker: number, { ringPath, ringKind, ringError }: EdgeRing): void {
    const kind = ringKinds[ringKind];
    if (kind !== 'file') {
      const loss = kind === 'memory' ? 'records do not survive a crash' : 'records are dropped, and counted';
      this.#ports.tell(`worker ${worker} has no log ring on disk (error ${ringError}): ${loss}`);
    }
    this.#delivery.addRing(ringPath);
  }

  #page(workerIndex: number): CounterPage {
    const known = this.#pages.get(workerIndex);
    if (known !== undefined) return known;
    const page = new CounterPage(this.#ports.binding.statsPage(workerIndex));
    this.#pages.set(workerIndex, page);
    return page;
  }

  #edge({ compiled }: Configuration, slot: number): EdgeConfiguration {
    return {
      policy: { ...compiled.policy, listeners: this.#listeners(compiled) },
      tables: compiled.tables,
      listeners: this.#sockets.lend(compiled.listeners, slot),
    };
  }

  /** Port 0 has become a port. */
  #listeners({ listeners, policy }: Configuration['compiled']) {
    const ports = new Map(listeners.map(({ id, key }) => [id, this.#sockets.portOf(key)]));
    return policy.listeners.map(({ id, address }) => ({ id, address, port: ports.get(id) ?? 0 }));
  }

  #settings(): SlotSettings {
    const { worker, faults, drainMs } = this.#configuration.config;
    return { stallMs: worker.stallMs, perMinuteMax: faults.perMinuteMax, drainMs };
  }

  #setAddresses(server: number, addresses: string[]): void {
    // Workers that start later begin with what is known now.
    const known = this.#configuration.compiled.tables.servers.find(({ id }) => id === server);
    if (known !== undefined) known.addresses = addresses;
    this.#fleet?.setAddresses(server, addresses);
  }

  /** Reads the config again. It is in force everywhere when this resolves, or nothing has changed. */
  async reload(): Promise<Outcome<{ snapshot: number }>> {
    const turn = this.#reloading.then(async () => {
      this.#owner.reloading();
      return await this.#reload();
    });
    this.#reloading = turn.catch(() => {});
    const outcome = await turn;
    this.#reloads.isLastRefused = !outcome.ok;
    if (outcome.ok) {
      this.#reloads.succeeded += 1;
      this.#reloads.lastSuccessSeconds = this.#ports.clock.nowMs() / 1000;
    } else this.#reloads.refused += 1;
    const ending = outcome.ok ? `snapshot ${outcome.value.snapshot} is in force` : 'nothing has changed';
    this.#ports.tell(`reload: ${ending}`);
    const why = outcome.ok ? '' : `, the config was refused`;
    this.#owner.reloaded(`Accepting connections; after the last reload ${ending}${why}.`);
    return outcome;
  }

  async #reload(): Promise<Outcome<{ snapshot: number }>> {
    const before = this.#configuration;
    const refuse = (detail: string, extra?: Record<string, unknown>): Outcome<{ snapshot: number }> => {
      this.#ports.tell(`reload: ${detail}`);
      return { ok: false, problem: problems.refused(detail, extra) };
    };
    if (this.#isDraining || this.#fleet === undefined) return refuse('the process starts or ends');
    let text: string;
    try {
      text = this.#ports.readFile(before.file);
    } catch (error) {
      return refuse(`${before.file} cannot be read: ${(error as Error).message}`);
    }
    const read = await this.#read(before, text);
    if (typeof read === 'string') return refuse(read);
    if (this.#isDraining) return refuse('the process ends');
    if (!read.ok) {
      this.#ports.show(read.diagnostics);
      return refuse(`${before.file} cannot be used`, { diagnostics: read.diagnostics.trimEnd().split('\n') });
    }
    const after = read.configuration;
    this.#ports.show(after.warnings);
    const keys = keysThatNeedRestart(before.config, after.config);
    if (keys.length > 0) return refuse(`a change of ${keys.join(', ')} needs a restart`);
    try {
      await this.#sockets.require(after.compiled.listeners);
    } catch (error) {
      this.#sockets.keep(before.compiled.listeners, before);
      return refuse((error as Error).message);
    }
    const refusal = await this.#publish(before, after);
    return refusal === undefined
      ? { ok: true, value: { snapshot: after.compiled.policy.id } }
      : refuse(refusal);
  }

  async #read({ file, ids }: Configuration, text: string): Promise<Read | string> {
    const { testFaults } = this.#start;
    try {
      return await this.#ports.readConfiguration({ file, text, before: ids, testFaults });
    } catch (error) {
      return `${file} cannot be read: ${(error as Error).message}`;
    }
  }

  async #publish(before: Configuration, after: Configuration): Promise<string | undefined> {
    await this.#resolver.follow([...before.compiled.names, ...after.compiled.names]);
    for (const name of after.compiled.names) {
      const server = after.compiled.tables.servers.find(({ id }) => id === name.id);
      if (server !== undefined) server.addresses = this.#resolver.addressesOf(name);
    }
    const fleet = this.#fleet as Fleet;
    const { worker, faults, drainMs } = after.config;
    const settings = { stallMs: worker.stallMs, perMinuteMax: faults.perMinuteMax, drainMs };
    const refusal = await fleet.publish((slot) => this.#edge(after, slot), settings);
    const inForce = refusal === undefined ? after : before;
    purgeChangedZones(this.#ports.binding, before, inForce);
    this.#configuration = inForce;
    await this.#resolver.follow(inForce.compiled.names);
    // What was resolved while the workers prepared.
    for (const name of inForce.compiled.names) this.#setAddresses(name.id, this.#resolver.addressesOf(name));
    this.#sockets.keep(inForce.compiled.listeners, inForce);
    if (refusal === undefined) this.#delivery.configure(deliveryOf(after));
    this.#ticketKeys.follow(inForce.config.tls.ticketKeySeconds);
    return refusal;
  }

  /** SIGUSR1: log files are opened anew. */
  reopen(): void {
    this.#delivery.reopen();
  }

  /** Stops accepting, lets exchanges in flight end and their records be delivered, each within its time. */
  async drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    await this.#fleet?.drain(() => this.#sockets.close());
    await this.#delivery.drain(this.#configuration.config.logs.drainMs);
    this.#resolver.close();
    this.#ticketKeys.close();
    await this.#admin?.server.close();
  }
}
