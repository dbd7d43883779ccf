/**
 * Keys that settings have changed (`cache_key`). They begin like the early key (`key.ts`), with the query as it is part of
 * the key; the default parts follow, then each custom part as 0x05 and `name=value`, or the name alone where a field or a
 * cookie is not there. No such key is that of another URL: no field value has a byte below 0x20 but the tab.
 */
import { fieldWords } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';
import type { CacheKeySettings, CustomKey } from '../lib/cache-settings.ts';
import type { ResolvedTarget } from '../lib/uri.ts';
import { deviceType, firstLanguage } from './client.ts';
import { type KeyBuilder, keyMark, putExtensions, putSite } from './key.ts';
import { QueryPlan } from './query.ts';
import type { FieldValues } from './vary.ts';

interface Part {
  readonly name: string;
  /** undefined: it is not there. */
  readonly read: (request: RequestFields) => string | undefined;
}

interface FieldName {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly id: number;
}

const fieldName = (name: string): FieldName => ({ name, bytes: latin1Bytes(name), id: knownId(name) });

/** Who asks. */
export interface KeyClient {
  /** undefined: its address is not known, so that no key can be made. */
  readonly country: string | undefined;
}

/** The fields of a request as the origin gets them, and its client. */
class RequestFields {
  readonly #request: HeadView;
  readonly #values: FieldValues;
  readonly client: KeyClient;

  constructor(request: HeadView, values: FieldValues, client: KeyClient) {
    this.#request = request;
    this.#values = values;
    this.client = client;
  }

  lines({ name, bytes, id }: FieldName): readonly string[] {
    const request = this.#request;
    const changed = this.#values.valuesOf(name, request);
    if (changed !== undefined) return changed;
    const lines: string[] = [];
    let field = request.findNamed(bytes, id, request.fieldAt(0));
    while (field !== noField) {
      lines.push(request.valueText(field));
      field = request.findNamed(bytes, id, field + fieldWords);
    }
    return lines;
  }

  /** Lines joined by a comma; undefined: there is no such field. */
  text(name: FieldName): string | undefined {
    const lines = this.lines(name);
    return lines.length === 0 ? undefined : lines.join(',');
  }

  /** Value of a cookie; several with one name are told one behind the other. */
  cookie(name: string): string | undefined {
    const values = this.lines(cookieField)
      .flatMap((line) => line.split(';'))
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${name}=`))
      .map((pair) => pair.slice(name.length + 1));
    return values.length === 0 ? undefined : values.join(';');
  }
}

const cookieField = fieldName('cookie');
const userAgentField = fieldName('user-agent');
const languageField = fieldName('accept-language');

const presence = (value: string | undefined) => (value === undefined ? undefined : '');

function headerParts({ include = [], check_presence = [], contains = {} }: NonNullable<CustomKey['header']>) {
  const lower = (names: readonly string[]) => names.map((name) => fieldName(name.toLowerCase()));
  return [
    ...lower(include).map((field) => ({
      name: `header ${field.name}`,
      read: (request: RequestFields) => request.text(field),
    })),
    ...lower(check_presence).map((field) => ({
      name: `presence of header ${field.name}`,
      read: (request: RequestFields) => presence(request.text(field)),
    })),
    ...Object.entries(contains).map(([given, texts]) => {
      const field = fieldName(given.toLowerCase());
      return {
        name: `header ${field.name} contains`,
        read: (request: RequestFields) => {
          const value = request.text(field) ?? '';
          return texts.map((text) => (value.includes(text) ? '1' : '0')).join('');
        },
      };
    }),
  ];
}

function cookieParts({ include = [], check_presence = [] }: NonNullable<CustomKey['cookie']>): Part[] {
  return [
    ...include.map((name) => ({
      name: `cookie ${name}`,
      read: (request: RequestFields) => request.cookie(name),
    })),
    ...check_presence.map((name) => ({
      name: `presence of cookie ${name}`,
      read: (request: RequestFields) => presence(request.cookie(name)),
    })),
  ];
}

function partsOf({ cache_by_device_type, custom_key: custom = {} }: CacheKeySettings): Part[] {
  const parts = [...headerParts(custom.header ?? {}), ...cookieParts(custom.cookie ?? {})];
  if (cache_by_device_type === true || custom.user?.device_type === true)
    parts.push({ name: 'device', read: (request) => deviceType(request.text(userAgentField) ?? '') });
  if (custom.user?.lang === true)
    parts.push({ name: 'lang', read: (request) => firstLanguage(request.text(languageField) ?? '') });
  if (custom.user?.geo === true) parts.push({ name: 'geo', read: ({ client }) => client.country });
  return parts;
}

const questionMark = 0x3f;

export class KeyPlan {
  readonly #query: QueryPlan | undefined;
  readonly #parts: readonly Part[];
  readonly #excludesOrigin: boolean;
  readonly #isHostResolved: boolean;
  readonly #hasCountry: boolean;

  private constructor(settings: CacheKeySettings) {
    this.#query = QueryPlan.of(settings);
    this.#parts = partsOf(settings);
    this.#excludesOrigin = settings.custom_key?.header?.exclude_origin === true;
    this.#isHostResolved = settings.custom_key?.host?.resolved === true;
    this.#hasCountry = settings.custom_key?.user?.geo === true;
  }

  /** undefined: the key is that of every request. */
  static of(settings: CacheKeySettings | undefined): KeyPlan | undefined {
    const plan = settings && new KeyPlan(settings);
    return plan === undefined || plan.#isPlain ? undefined : plan;
  }

  get #isPlain(): boolean {
    const isTouched = this.#excludesOrigin || this.#isHostResolved || this.#parts.length > 0;
    return this.#query === undefined && !isTouched;
  }

  /**
   * Appends the primary key.
   *
   * @param originHost what the origin gets as Host; empty: the client's
   */
  put(
    key: KeyBuilder,
    zoneKey: number,
    isTls: boolean,
    request: HeadView,
    values: FieldValues,
    originHost: string,
    client: KeyClient,
  ): void {
    if (this.#hasCountry && client.country === undefined) return key.reject();
    putSite(key, zoneKey, isTls, request, this.#isHostResolved ? originHost : '');
    key.putSpan(request.pathOffset, request.pathLength);
    this.#putQuery(key, request);
    putExtensions(key, request, this.#excludesOrigin);
    if (this.#parts.length === 0) return;
    const fields = new RequestFields(request, values, client);
    for (const { name, read } of this.#parts) {
      const value = read(fields);
      key.putByte(keyMark.custom);
      key.putText(value === undefined ? name : `${name}=${value}`);
    }
  }

  /** Appends the part of the key that names the URL, for another target of the same site. */
  putUrl(
    key: KeyBuilder,
    zoneKey: number,
    isTls: boolean,
    request: HeadView,
    originHost: string,
    { path, query }: ResolvedTarget,
  ): void {
    putSite(key, zoneKey, isTls, request, this.#isHostResolved ? originHost : '');
    const kept = query === undefined ? '' : (this.#query?.apply(query) ?? query);
    const isAsItCame = this.#query === undefined && query !== undefined;
    key.putText(kept !== '' || isAsItCame ? `${path}?${kept}` : path);
  }

  #putQuery(key: KeyBuilder, request: HeadView): void {
    if (!request.carriesQuery) return;
    if (this.#query === undefined) {
      key.putByte(questionMark);
      key.putSpan(request.queryOffset, request.queryLength);
      return;
    }
    const query = this.#query.apply(request.arena.text(request.queryOffset, request.queryLength));
    if (query !== '') key.putText(`?${query}`);
  }
}
