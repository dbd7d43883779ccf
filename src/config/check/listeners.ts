/** Listener addresses, the admin address and trusted proxies: that they are addresses, and that no two collide. */
import {
  canonicalHost,
  isLoopback,
  isNetwork,
  isUnspecified,
  parseAddress,
  type SocketAddress,
} from '../../lib/address.ts';
import { formatPath, type Path } from '../diagnostic.ts';
import type { Config } from '../schema.ts';
import type { Finding } from '../validate.ts';

/** sun_path of unix(7), without its final zero. */
const unixPathBytesMax = 107;

interface Bound {
  path: Path;
  text: string;
  address: SocketAddress;
}

export function checkListeners(config: Config): Finding[] {
  const findings: Finding[] = [];
  const bound: Bound[] = [];
  for (const [index, { address: text }] of config.listeners.entries()) {
    const path = ['listeners', index, 'address'];
    const address = parseAddress(text);
    if (address === undefined)
      findings.push(notAnAddress(path, text, 'an address such as 127.0.0.1:8080 or [::]:8080'));
    else bound.push({ path, text, address });
  }
  if (config.admin !== undefined) checkAdmin(config.admin.address, findings, bound);
  for (const [index, text] of config.trusted_proxies.entries()) {
    if (isNetwork(text)) continue;
    const expected = 'an address or a prefix such as 10.0.0.0/8';
    findings.push({
      path: ['trusted_proxies', index],
      message: `"${text}" is neither an address nor a prefix`,
      expected,
    });
  }
  for (const [index, text] of config.dns.servers.entries()) {
    if (parseAddress(text) !== undefined || (isNetwork(text) && !text.includes('/'))) continue;
    const expected = 'an IP address, with a port unless it is 53';
    findings.push({
      path: ['dns', 'servers', index],
      message: `"${text}" is not the address of a name server`,
      expected,
    });
  }
  return [...findings, ...overlaps(bound)];
}

function notAnAddress(path: Path, text: string, expected: string): Finding {
  const name = /^([a-z0-9.-]+):([0-9]+)$/i.exec(text);
  const port = /^:?([0-9]+)$/.exec(text);
  let suggestion: string | undefined;
  if (name?.[1] === 'localhost') suggestion = `127.0.0.1:${name[2]}`;
  else if (port !== null) suggestion = `0.0.0.0:${port[1]}`;
  else if (/^\*:[0-9]+$/.test(text)) suggestion = `0.0.0.0${text.slice(1)}`;
  return { path, message: `"${text}" is not an IP address with a port`, expected, suggestion };
}

function checkAdmin(text: string, findings: Finding[], bound: Bound[]): void {
  const path = ['admin', 'address'];
  if (text.startsWith('unix:')) {
    const bytes = Buffer.byteLength(text) - 'unix:'.length;
    const expected = `unix: and a path of 1 to ${unixPathBytesMax} bytes`;
    if (bytes === 0 || bytes > unixPathBytesMax)
      findings.push({ path, message: `the path of the admin socket has ${bytes} bytes`, expected });
    return;
  }
  const address = parseAddress(text);
  const expected = 'a loopback address such as 127.0.0.1:9901, or unix:PATH';
  if (address === undefined) findings.push(notAnAddress(path, text, expected));
  else if (!isLoopback(address.host)) {
    findings.push({
      path,
      message: `the admin API cannot listen on ${text}: it must not be reachable from elsewhere`,
      expected,
    });
  } else bound.push({ path, text, address });
}

/** Two sockets on one port: the more specific one would take connections from the other, or binding would fail. */
function overlaps(bound: readonly Bound[]): Finding[] {
  const findings: Finding[] = [];
  const byPort = new Map<string, Bound[]>();
  for (const one of bound) {
    if (one.address.port === 0) continue;
    const key = `${one.address.family} ${one.address.port}`;
    const others = byPort.get(key) ?? [];
    const host = canonicalHost(one.address.host);
    const other = others.find(({ address }) => {
      const otherHost = canonicalHost(address.host);
      return otherHost === host || isUnspecified(host) || isUnspecified(otherHost);
    });
    if (other !== undefined) {
      const { text, path } = one;
      findings.push({
        path,
        message: `${text} overlaps with ${other.text} of ${formatPath(other.path.slice(0, -1))}`,
      });
    }
    byPort.set(key, [...others, one]);
  }
  return findings;
}
