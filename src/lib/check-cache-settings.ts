/** What the schema of cache settings cannot say: keys that belong together, and fields that cannot be part of a key. */
import { URLPattern } from 'node:url';
import type {
  CacheKeySettings,
  CacheSettingsChange,
  CustomKey,
  EdgeTtl,
  VarySettings,
} from './cache-settings.ts';

export interface SettingsFault {
  /** Below the settings. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected?: string;
  /** What of the path is meant, the value that it leads to (default) or its key. */
  readonly part?: 'key';
}

const queryArgumentsMax = 100;
const containedMax = 3;
const mediaTypesMax = 10;
const languagesMax = 20;
const patternLengthMax = 1024;

/** Fields of a connection, of conditions and of ranges: no response differs by them in a way that a key can tell. */
const neverKeyed = new Set([
  'cache-control',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const instead: Readonly<Record<string, string>> = {
  cookie: 'a cookie by its name: cookie.include',
  host: 'nothing: the host is part of every key',
};
/** Fields whose values are told apart too finely, so that hardly anything would ever be found again. */
const rawRefused = new Set(['accept', 'referer', 'user-agent']);
/** Fields of which there is no normal form. */
const opaque = new Set([
  'authorization',
  'available-dictionary',
  'cookie',
  'dictionary-id',
  'origin',
  'referer',
  'user-agent',
]);

const namePattern = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i;

function refusedInKey(
  name: string,
  how: 'include' | 'check_presence' | 'contains',
): SettingsFault | undefined {
  const lower = name.toLowerCase();
  const fault = (message: string, expected?: string) => ({
    path: [],
    message,
    ...(expected && { expected }),
  });
  if (!namePattern.test(name)) return fault(`"${name}" cannot be the name of a field`);
  if (neverKeyed.has(lower) || /^(?:if-|cf-|parapet-)/.test(lower))
    return fault(`the field "${lower}" cannot be part of a cache key`, instead[lower]);
  if (how === 'include' && (rawRefused.has(lower) || lower.startsWith('accept-')))
    return fault(
      `the values of "${lower}" cannot be part of a cache key: hardly two clients send the same`,
      'contains, check_presence, user.device_type or user.lang',
    );
  return undefined;
}

/** Stands for the origin of a dictionary, which patterns are relative to. */
const ownHost = 'dictionary.invalid';
const ownOrigin = `https://${ownHost}/`;

class Faults {
  readonly found: SettingsFault[] = [];

  add(path: readonly (string | number)[], message: string, expected?: string, part?: 'key'): void {
    this.found.push({ path, message, ...(expected && { expected }), ...(part && { part }) });
  }

  edgeTtl(edge: EdgeTtl): void {
    const path = ['edge_ttl'];
    if (edge.mode === 'override_origin' && edge.default === undefined && edge.status_code_ttl.length === 0)
      this.add(path, 'override_origin without a time', 'default: 3600, or status_code_ttl');
    if (edge.mode === 'bypass_by_default' && edge.default !== undefined)
      this.add([...path, 'default'], 'bypass_by_default stores nothing by default', 'no default');
    for (const [index, { status_code: code, status_code_range: range }] of edge.status_code_ttl.entries()) {
      const at = [...path, 'status_code_ttl', index];
      const expected = 'status_code or status_code_range';
      if ((code === undefined) === (range === undefined))
        this.add(
          at,
          code === undefined ? 'no status is named' : 'a status and a range: one of them',
          expected,
        );
      const { from = 100, to = 999 } = range ?? {};
      if (from > to) this.add([...at, 'status_code_range', 'from'], `from (${from}) is above to (${to})`);
    }
  }

  browserTtl({ mode, default: value }: NonNullable<CacheSettingsChange['browser_ttl']>): void {
    const path = ['browser_ttl'];
    if (mode === 'override_origin' && value === undefined)
      this.add(path, 'override_origin without a time', 'default: 3600');
    if (mode.startsWith('bypass') && value !== undefined)
      this.add([...path, 'default'], `${mode} says no-store, and no time`, 'no default');
  }

  cacheKey({ custom_key: custom }: CacheKeySettings): void {
    if (custom === undefined) return;
    const path = ['cache_key', 'custom_key'];
    if (custom.query_string !== undefined) this.#query([...path, 'query_string'], custom.query_string);
    if (custom.header !== undefined) this.#headers([...path, 'header'], custom.header);
  }

  #query(path: readonly string[], { include, exclude }: NonNullable<CustomKey['query_string']>): void {
    if (include !== undefined && exclude !== undefined)
      this.add(path, 'arguments to include and to exclude: one of them', 'include or exclude');
    for (const [name, chosen] of Object.entries({ include, exclude })) {
      if (chosen === undefined) continue;
      const { all = false, list = [] } = chosen;
      if (all === list.length > 0)
        this.add(
          [...path, name],
          all ? 'all, and a list: one of them' : 'no argument is named',
          'all or list',
        );
      if (list.length > queryArgumentsMax)
        this.add([...path, name, 'list'], `${list.length} names`, `at most ${queryArgumentsMax}`);
    }
  }

  #headers(path: readonly string[], header: NonNullable<CustomKey['header']>): void {
    for (const how of ['include', 'check_presence'] as const) {
      for (const [index, name] of (header[how] ?? []).entries()) {
        const refused = refusedInKey(name, how);
        if (refused !== undefined) this.add([...path, how, index], refused.message, refused.expected);
      }
    }
    for (const [name, texts] of Object.entries(header.contains ?? {})) {
      const refused = refusedInKey(name, 'contains');
      const at = [...path, 'contains', name];
      if (refused !== undefined) this.add(at, refused.message, refused.expected, 'key');
      if (texts.length > containedMax) this.add(at, `${texts.length} texts`, `at most ${containedMax}`);
    }
  }

  /** RFC 9842 2.1.1: a pattern that clients would not use is a fault here. */
  sharedDictionary({ match_pattern: pattern }: NonNullable<CacheSettingsChange['shared_dictionary']>): void {
    const path = ['shared_dictionary', 'match_pattern'];
    const expected = 'a URL pattern such as /app/*.js';
    if (pattern.length > patternLengthMax)
      return this.add(path, `${pattern.length} characters`, `at most ${patternLengthMax}`);
    if (!/^[\x20-\x7e]*$/.test(pattern))
      return this.add(
        path,
        'the pattern has characters that no field can carry',
        'ASCII; others percent-encoded',
      );
    try {
      const { hasRegExpGroups, protocol, hostname, port } = new URLPattern(pattern, ownOrigin);
      if (hasRegExpGroups)
        this.add(path, 'the pattern has a regular expression: no client would use the dictionary', expected);
      else if (protocol !== 'https' || hostname !== ownHost || port !== '')
        this.add(path, 'the pattern names an origin: a dictionary is for URLs of its own alone', expected);
    } catch {
      this.add(path, `"${pattern}" is no URL pattern`, expected);
    }
  }

  vary({ headers }: VarySettings): void {
    for (const [given, { action, media_types: types, languages }] of Object.entries(headers)) {
      const path = ['vary', 'headers', given];
      const name = given.toLowerCase();
      if (!namePattern.test(given) || given === '*')
        this.add(path, `"${given}" cannot be the name of a field`, undefined, 'key');
      if (action === 'normalize' && opaque.has(name))
        this.add([...path, 'action'], `there is no normal form of ${name}`, 'passthrough or bypass');
      this.#allowed(
        [...path, 'media_types'],
        types,
        mediaTypesMax,
        action === 'normalize' && name === 'accept',
      );
      const hasLanguages = action === 'normalize' && name === 'accept-language';
      this.#allowed([...path, 'languages'], languages, languagesMax, hasLanguages);
    }
  }

  #allowed(path: readonly string[], items: readonly string[] | undefined, max: number, fits: boolean): void {
    if (items === undefined) return;
    if (items.length > max) this.add(path, `${items.length} entries`, `at most ${max}`);
    const field = path.at(-1) === 'languages' ? 'accept-language' : 'accept';
    if (!fits)
      this.add(path, `${path.at(-1)} belongs to ${field} with the action normalize`, undefined, 'key');
  }
}

export function checkCacheSettings(settings: CacheSettingsChange): SettingsFault[] {
  const faults = new Faults();
  const { edge_ttl, browser_ttl, cache_key, shared_dictionary, vary } = settings;
  if (edge_ttl !== undefined) faults.edgeTtl(edge_ttl);
  if (browser_ttl !== undefined) faults.browserTtl(browser_ttl);
  if (cache_key !== undefined) faults.cacheKey(cache_key);
  if (shared_dictionary !== undefined) faults.sharedDictionary(shared_dictionary);
  if (vary !== undefined) faults.vary(vary);
  return faults.found;
}
