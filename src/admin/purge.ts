/** The body of a purge: what is named, in which form. Pure; every refusal says what would be right. */
import { readObject } from './body.ts';
import { type Problem, problems } from './problem.ts';

export const purgeNames = ['url', 'tag', 'prefix', 'host'] as const;
export type PurgeName = (typeof purgeNames)[number];

export interface PurgeRequest {
  what: PurgeName | 'all';
  /** As they were given, checked for their form; tags, hosts and prefixes as the store knows them. Empty for `all`. */
  values: readonly string[];
  /** Name of the zone that it is limited to. */
  zone?: string;
  /** Leave it stale instead of removing it. */
  soft: boolean;
}

/** Values of one call. A URL may have to be taken through the rules of its zone. */
const valuesMax: Record<PurgeName, number> = { url: 30, tag: 1000, prefix: 1000, host: 1000 };
const tagBytesMax = 1024;
const prefixSegmentsMax = 32;
const prefixBytesMax = 8192;

const hostShape = /^(\[[0-9a-f:.]+\]|[^/?#:@[\]*]+)(?::[0-9]{1,5})?$/;

/** What a value is purged as, or why it is none. */
type Normal = { ok: true; value: string } | { ok: false; detail: string };
const no = (detail: string): Normal => ({ ok: false, detail });
const yes = (value: string): Normal => ({ ok: true, value });

function normalTag(tag: string): Normal {
  if (tag.length > tagBytesMax)
    return no(`A tag has at most ${tagBytesMax} characters, this one has ${tag.length}.`);
  if (tag.includes(',')) return no(`"${tag}" has a comma, which parts tags: several go into an array.`);
  return yes(tag.toLowerCase());
}

function hostOf(text: string): string | undefined {
  return hostShape.exec(text.toLowerCase())?.[1];
}

function normalHost(text: string): Normal {
  if (text.includes('://')) return no(`"${text}" is a URL: a host is named without scheme and path.`);
  if (text.includes('*')) return no(`"${text}" has a wildcard: hosts are named one by one.`);
  if (text.includes('/')) return no(`"${text}" has a path: name the host alone, or purge by "prefix".`);
  const host = hostOf(text);
  return host === undefined ? no(`"${text}" is not a host.`) : yes(host);
}

function normalPrefix(text: string): Normal {
  if (text.includes('://'))
    return no(`"${text}" has a scheme: a prefix is host and path, such as "example.com/images".`);
  if (/[?#]/.test(text)) return no(`"${text}" has a query: a prefix ends with the path.`);
  if (text.includes('*')) return no(`"${text}" has a wildcard: a prefix reaches all below it by itself.`);
  if (text.length > prefixBytesMax) return no(`A prefix has at most ${prefixBytesMax} characters.`);
  const slash = text.indexOf('/');
  const host = hostOf(slash === -1 ? text : text.slice(0, slash));
  if (host === undefined) return no(`"${text}" does not begin with a host.`);
  // Whether the last segment is followed by a slash makes no difference.
  const path = slash === -1 ? '' : text.slice(slash).replace(/\/$/, '');
  if (path.split('/').length - 1 > prefixSegmentsMax)
    return no(`A prefix has at most ${prefixSegmentsMax} segments of a path.`);
  return yes(host + path);
}

const normal: Record<PurgeName, (text: string) => Normal> = {
  url: yes,
  tag: normalTag,
  prefix: normalPrefix,
  host: normalHost,
};

function readValues(name: PurgeName, given: unknown): readonly string[] | Problem {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) return problems.bad(`"${name}" is an empty array.`);
  if (values.length > valuesMax[name])
    return problems.bad(
      `"${name}" has ${values.length} values, at most ${valuesMax[name]} are taken in one call.`,
    );
  const read: string[] = [];
  for (const value of values) {
    if (typeof value !== 'string' || value === '')
      return problems.bad(`"${name}" has to be a text, or an array of texts.`);
    // What is printed into the log, and compared with what came over the wire.
    if (!/^[\x21-\x7e]+$/.test(value))
      return problems.bad(`"${name}": only printable ASCII without spaces can be named.`);
    const one = normal[name](value);
    if (!one.ok) return problems.bad(one.detail);
    read.push(one.value);
  }
  return read;
}

const isProblem = (value: readonly string[] | Problem): value is Problem => !Array.isArray(value);

export function readPurge(body: string): PurgeRequest | Problem {
  const read = readObject(body);
  if ('title' in read) return read;
  const { all, soft, zone, ...rest } = read.members;
  const names = purgeNames.filter((name) => rest[name] !== undefined);
  const unknown = Object.keys(rest).find((key) => !purgeNames.some((name) => name === key));
  if (unknown !== undefined)
    return problems.bad(
      `The key "${unknown}" is not known; "url", "tag", "prefix", "host", "all", "zone" and "soft" are.`,
    );
  if (soft !== undefined && typeof soft !== 'boolean') return problems.bad('"soft" has to be true or false.');
  if (zone !== undefined && typeof zone !== 'string')
    return problems.bad('"zone" has to be the name of a zone.');
  const limits = { soft: soft === true, ...(zone === undefined ? {} : { zone }) };
  const [name] = names;
  if (all === true && name === undefined) return { what: 'all', values: [], ...limits };
  if (name === undefined || names.length > 1 || all !== undefined)
    return problems.bad(
      'The body names one of "url", "tag", "prefix", "host" (a text or an array), or "all" with true.',
    );
  const values = readValues(name, rest[name]);
  return isProblem(values) ? values : { what: name, values, ...limits };
}
