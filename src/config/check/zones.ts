/** Zones: names and hosts that no other zone has, and origins that exist. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { checkCacheSettings } from '../../lib/check-cache-settings.ts';
import { nearestName } from '../../lib/edit-distance.ts';
import type { Path } from '../diagnostic.ts';
import type { Config } from '../schema.ts';
import { below, type Finding } from '../validate.ts';

export function checkZones(config: Config): Finding[] {
  const findings: Finding[] = [];
  const names = new Map<string, number>();
  const hosts = new Map<string, string>();
  const origins = Object.keys(config.origins);
  const known = new Set(origins);
  for (const [index, zone] of config.zones.entries()) {
    const path: Path = ['zones', index];
    const earlier = names.get(zone.name);
    if (earlier !== undefined) {
      findings.push({
        path: [...path, 'name'],
        message: `the zone name "${zone.name}" is taken by zones[${earlier}]`,
      });
    }
    names.set(zone.name, earlier ?? index);
    if (!known.has(zone.origin)) findings.push(unknownOrigin([...path, 'origin'], zone.origin, origins));
    for (const [at, host] of zone.hosts.entries()) {
      const finding = checkHost([...path, 'hosts', at], host, hosts.get(host));
      if (finding !== undefined) findings.push(finding);
      if (!hosts.has(host)) hosts.set(host, zone.name);
    }
    checkTtls([...path, 'cache'], zone.cache.statusTtls, findings);
    checkSettings([...path, 'cache'], zone.cache, findings);
  }
  return findings;
}

function unknownOrigin(path: Path, name: string, origins: readonly string[]): Finding {
  const suggestion = nearestName(name, origins);
  const expected =
    origins.length === 0
      ? 'the name of an origin; there is none under "origins"'
      : `one of ${origins.slice(0, 12).join(', ')}`;
  return { path, message: `unknown origin "${name}"`, expected, suggestion };
}

function checkHost(path: Path, host: string, owner: string | undefined): Finding | undefined {
  if (owner !== undefined) return { path, message: `the host "${host}" is taken by zone "${owner}"` };
  // `_` is how nginx writes "any other"; no client asks for it.
  if (host === '*' || (host !== '_' && isHost(host))) return undefined;
  const expected = 'a name in lower case without port, `*.example.com`, or `*`';
  const suggestion = hostLike(host);
  return { path, message: `"${host}" cannot be a host`, expected, suggestion };
}

function isHost(host: string): boolean {
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (isIP(name) === 4) return name === host;
  if (name.startsWith('[') && name.endsWith(']'))
    return isIP(name.slice(1, -1)) === 6 && name === name.toLowerCase();
  return (
    name.length <= 253 &&
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/.test(name)
  );
}

/** What was probably meant: without scheme, port and path, in lower case, names beyond ASCII as in DNS. */
function hostLike(host: string): string | undefined {
  if (host === '_') return '*';
  // `.example.com` of nginx takes the name itself too.
  const bare = host
    .replace(/^\.(?=[a-z0-9])/i, '*.')
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/\/.*$/, '')
    .replace(/(?<!:[^\]]*):[0-9]+$/, '')
    .replace(/\.$/, '');
  const wildcard = bare.startsWith('*.') ? '*.' : '';
  const name = domainToASCII(bare.slice(wildcard.length));
  const candidate = wildcard + name;
  return name !== '' && candidate !== host && isHost(candidate) ? candidate : undefined;
}

function checkTtls(
  path: Path,
  rows: readonly { statusFrom: number; statusTo: number }[],
  findings: Finding[],
): void {
  for (const [index, row] of rows.entries()) {
    if (row.statusFrom <= row.statusTo) continue;
    const message = `statusFrom (${row.statusFrom}) is above statusTo (${row.statusTo})`;
    findings.push({ path: [...path, 'statusTtls', index, 'statusFrom'], message });
  }
}

function checkSettings(path: Path, cache: Config['zones'][number]['cache'], findings: Finding[]): void {
  for (const fault of checkCacheSettings(cache)) findings.push(below(path, { ...fault }));
  if (cache.vary === undefined || cache.mode === 'cdn') return;
  const message = `vary is of mode cdn: in mode ${cache.mode} responses that vary are told apart by RFC 9111 4.1`;
  findings.push({ path: [...path, 'vary'], part: 'key', message });
}
