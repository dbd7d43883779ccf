/** Origins: the URLs of their servers, what is not available yet, and that none of them is the admin API. */
import { canonicalHost, isLoopback, parseAddress } from '../../lib/address.ts';
import { type OriginUrl, parseOriginUrl } from '../../lib/origin-url.ts';
import type { Path } from '../diagnostic.ts';
import type { Config } from '../schema.ts';
import type { Finding } from '../validate.ts';

export function checkOrigins(config: Config): Finding[] {
  const findings: Finding[] = [];
  for (const [name, origin] of Object.entries(config.origins)) {
    const path: Path = ['origins', name];
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
      const expected = 'letters, digits, "_", "." or "-", at most 64';
      findings.push({ path, part: 'key', message: `"${name}" cannot be the name of an origin`, expected });
    }
    for (const [index, { url }] of origin.servers.entries()) {
      checkServer([...path, 'servers', index, 'url'], url, config.admin?.address, findings);
    }
    checkHostHeader([...path, 'host_header'], origin.host_header, findings);
  }
  if (config.dns.ttlSecondsMin > config.dns.ttlSecondsMax) {
    const message = `dns.ttlSecondsMin (${config.dns.ttlSecondsMin}) is above dns.ttlSecondsMax (${config.dns.ttlSecondsMax})`;
    findings.push({ path: ['dns', 'ttlSecondsMin'], message });
  }
  return findings;
}

function checkServer(path: Path, text: string, admin: string | undefined, findings: Finding[]): void {
  const expected = 'a URL such as http://127.0.0.1:9100';
  const url = parseOriginUrl(text);
  if ('fault' in url) findings.push({ path, message: `"${text}" ${url.fault}`, expected });
  else if (admin !== undefined && isAdmin(url, admin)) {
    findings.push({ path, message: `"${text}" is the address of the admin API (admin.address: ${admin})` });
  }
}

/** Names are compared as far as they can be without asking a name server; the resolver looks at the rest. */
function isAdmin(url: OriginUrl, admin: string): boolean {
  const address = parseAddress(admin);
  if (address === undefined || address.port === 0 || address.port !== url.port) return false;
  const toLoopback = url.host === 'localhost' || url.host.endsWith('.localhost');
  if (!url.isLiteral) return toLoopback && isLoopback(address.host);
  return canonicalHost(url.host) === canonicalHost(address.host);
}

function checkHostHeader(path: Path, value: string, findings: Finding[]): void {
  const isHost =
    /^[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?$/.test(value) || /^\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?$/.test(value);
  if (!isHost)
    findings.push({
      path,
      message: `"${value}" cannot be a Host`,
      expected: '`client`, `server`, or a host with or without port',
    });
}
