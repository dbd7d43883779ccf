/**
 * Resolves the names of origin servers, once for the whole process: hosts file first, then A and AAAA. An answer is asked
 * for again when its time to live ends; while the name servers fail, the last good addresses stay in use.
 */
import { Resolver } from 'node:dns/promises';
import { canonicalHost, isLoopback, isUnspecified, type SocketAddress } from '../lib/address.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { HostsFile } from './hosts-file.ts';

export interface ResolverName {
  id: number;
  host: string;
  port: number;
  family: 'any' | 'ipv4' | 'ipv6';
}

interface Answer {
  address: string;
  ttl: number;
}

/** What of `dns.promises.Resolver` is used. */
export interface NameServers {
  resolve4(host: string, options: { ttl: true }): Promise<Answer[]>;
  resolve6(host: string, options: { ttl: true }): Promise<Answer[]>;
}

export interface ResolverSettings {
  servers: readonly string[];
  timeoutMs: number;
  ttlSecondsMin: number;
  ttlSecondsMax: number;
  retrySeconds: number;
}

export interface ResolverPorts {
  clock: Clock;
  hosts: HostsFile;
  nameServers: NameServers;
  /** Addresses that an origin may not have: those of the admin API. */
  forbidden: readonly Pick<SocketAddress, 'host' | 'port'>[];
  publish: (server: number, addresses: string[]) => void;
  tell: (line: string) => void;
}

export function systemNameServers(settings: ResolverSettings): NameServers {
  const resolver = new Resolver({ timeout: settings.timeoutMs, tries: 2 });
  if (settings.servers.length > 0) resolver.setServers(settings.servers);
  return resolver;
}

/** A name that does not exist, or has no address of this family: an answer, not a failure to get one. */
const isEmptyAnswer = (error: unknown) =>
  ['ENODATA', 'ENOTFOUND'].includes((error as NodeJS.ErrnoException).code ?? '');

interface Entry {
  addresses: string[];
  timer: Timer | undefined;
  hasFailed: boolean;
}

const hostsPollMs = 2000;

export class NameResolver {
  readonly #settings: ResolverSettings;
  readonly #ports: ResolverPorts;
  readonly #entries = new Map<string, Entry>();
  #names: readonly ResolverName[] = [];
  #hostsTimer: Timer | undefined;

  constructor(settings: ResolverSettings, ports: ResolverPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Follows these names from now on, and no others; resolves when each has an answer, or cannot be waited for. */
  async follow(names: readonly ResolverName[]): Promise<void> {
    this.#names = names;
    this.#ports.hosts.refresh();
    const wanted = new Set(names.map(({ host }) => host));
    for (const [host, entry] of this.#entries) {
      if (wanted.has(host)) continue;
      entry.timer?.cancel();
      this.#entries.delete(host);
    }
    if (wanted.size > 0) this.#hostsTimer ??= this.#ports.clock.every(hostsPollMs, () => this.#readHosts());
    const fresh = [...wanted].filter((host) => !this.#entries.has(host));
    for (const host of fresh) this.#entries.set(host, { addresses: [], timer: undefined, hasFailed: false });
    if (fresh.length === 0) return;
    const asked = Promise.all(fresh.map(async (host) => await this.#ask(host)));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#ports.clock.after(this.#settings.timeoutMs, resolve);
    });
    await Promise.race([asked, late]);
    timer?.cancel();
  }

  /** What a server's name resolves to now, in order of preference (IPv6 first, RFC 6724). */
  addressesOf({ host, port, family }: ResolverName): string[] {
    const all = this.#entries.get(host)?.addresses ?? [];
    return all.filter((address) => {
      if (family !== 'any' && (family === 'ipv6') !== address.includes(':')) return false;
      return !this.#ports.forbidden.some((one) => one.port === port && isSameHost(one.host, address));
    });
  }

  close(): void {
    this.#hostsTimer?.cancel();
    for (const { timer } of this.#entries.values()) timer?.cancel();
    this.#entries.clear();
  }

  #readHosts(): void {
    if (!this.#ports.hosts.refresh()) return;
    for (const host of this.#entries.keys()) void this.#ask(host);
  }

  async #ask(host: string): Promise<void> {
    const entry = this.#entries.get(host);
    if (entry === undefined) return;
    entry.timer?.cancel();
    const { clock, hosts, tell } = this.#ports;
    const { ttlSecondsMax, ttlSecondsMin, retrySeconds } = this.#settings;
    const listed = hosts.lookUp(host);
    const answers =
      listed.length > 0
        ? listed.map((address) => ({ address, ttl: ttlSecondsMax }))
        : await this.#query(host);
    // The name may have been let go, or asked for again, while the answer was under way.
    if (this.#entries.get(host) !== entry) return;
    entry.timer?.cancel();
    let waitSeconds = retrySeconds;
    if (answers.length > 0) {
      const ttl = Math.min(...answers.map(({ ttl }) => ttl));
      waitSeconds = Math.min(ttlSecondsMax, Math.max(ttlSecondsMin, ttl));
      if (entry.hasFailed) tell(`origin name ${host} resolves again`);
      entry.hasFailed = false;
      this.#set(host, entry, sortAddresses(answers.map(({ address }) => address)));
    } else if (!entry.hasFailed) {
      entry.hasFailed = true;
      const kept = entry.addresses.length > 0 ? 'its last addresses stay in use' : 'requests to it fail';
      tell(`origin name ${host} cannot be resolved: ${kept}`);
    }
    entry.timer = clock.after(waitSeconds * 1000, () => void this.#ask(host));
  }

  /** Both families; no answer at all where both fail. */
  async #query(host: string): Promise<Answer[]> {
    const { nameServers } = this.#ports;
    const asked = [nameServers.resolve6(host, { ttl: true }), nameServers.resolve4(host, { ttl: true })];
    const results = await Promise.allSettled(asked);
    const failed = results.some((result) => result.status === 'rejected' && !isEmptyAnswer(result.reason));
    const answers = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const before = this.#entries.get(host)?.addresses ?? [];
    // One family that failed does not take away the addresses that it had.
    if (failed && answers.length > 0 && before.length > answers.length) return [];
    return answers;
  }

  #set(host: string, entry: Entry, addresses: string[]): void {
    const isSame =
      entry.addresses.length === addresses.length && addresses.every((one, n) => one === entry.addresses[n]);
    entry.addresses = addresses;
    if (isSame) return;
    for (const name of this.#names) {
      if (name.host !== host) continue;
      const allowed = this.addressesOf(name);
      if (allowed.length < addresses.length && name.family === 'any') {
        this.#ports.tell(`origin name ${host} resolves to the address of the admin API, which is left out`);
      }
      this.#ports.publish(name.id, allowed);
    }
  }
}

/** IPv6 first, each family in a stable order, so that a rotated answer is no change. */
function sortAddresses(addresses: readonly string[]): string[] {
  const distinct = [...new Set(addresses.map(canonicalHost))].sort();
  return [...distinct.filter((one) => one.includes(':')), ...distinct.filter((one) => !one.includes(':'))];
}

function isSameHost(admin: string, address: string): boolean {
  const host = canonicalHost(admin);
  return host === canonicalHost(address) || (isUnspecified(address) && isLoopback(host));
}
