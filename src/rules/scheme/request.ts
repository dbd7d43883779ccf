/**
 * The fields of a request, a row each (rules.md 2.4). A row also says where the prefilter finds the bytes: a literal that
 * must stand in the field must then stand in that source.
 */
import type { FieldType, IpWords } from '../protocol.ts';
import type { Lines, Pairs } from '../request/pairs.ts';
import { acceptedLanguages, argumentValues, basename, cookieValues, extension } from '../request/pairs.ts';
import type { RequestState } from '../request/state.ts';
import { lowerAscii } from '../text.ts';

export type FieldValue = string | number | boolean | IpWords | Lines | Pairs | null;

/** How a field lies in its source: all of it, its beginning, its end, or anywhere within. */
export type Place = 'whole' | 'start' | 'end' | 'within';

export interface FieldRow {
  readonly type: FieldType;
  /** Known only where the config names databases of places. */
  readonly isPlace?: true;
  /** nil where the request does not have it; the others are never nil. */
  readonly isOptional?: true;
  readonly read: (state: RequestState) => FieldValue;
  /** What stands under a key of a map, where that is cheaper than to make the map. */
  readonly readKey?: (state: RequestState, key: string) => FieldValue;
  /** Source of a text or of the values of a map; of one value by its key where it is a function. */
  readonly source?: string | ((key: string) => string);
  readonly place?: Place;
  /** What stands before the value in its source, which makes a short literal longer. */
  readonly before?: string | ((key: string) => string);
  /** Texts that, where one is in the source, allow for something else before the value. */
  readonly unless?: readonly string[];
}

const header = (name: string) => (state: RequestState) => state.firstLine(name) ?? '';
const values = (pairs: Pairs): string[] => [...pairs.values()].flat();
const names = (pairs: Pairs): string[] => [...pairs].flatMap(([name, lines]) => lines.map(() => name));

const country: FieldRow = { type: 'Bytes', isPlace: true, read: (state) => state.place.country };
const continent: FieldRow = { type: 'Bytes', isPlace: true, read: (state) => state.place.continent };
const isInEuropeanUnion: FieldRow = {
  type: 'Bool',
  isPlace: true,
  read: (state) => state.place.isInEuropeanUnion,
};

/** The single fields are "" where the request lacks them, as in the product: `http.user_agent eq ""` finds those. */
export const requestFields: Readonly<Record<string, FieldRow>> = {
  'http.host': { type: 'Bytes', read: (state) => state.host, source: 'host', place: 'whole' },
  'http.request.method': { type: 'Bytes', read: (state) => state.method, source: 'method', place: 'whole' },
  'http.request.version': { type: 'Bytes', read: (state) => state.version },
  'http.request.full_uri': {
    type: 'Bytes',
    read: (state) => state.origin + state.uri,
    source: 'full_uri',
    place: 'whole',
  },
  'http.request.uri': { type: 'Bytes', read: (state) => state.uri, source: 'uri', place: 'whole' },
  'http.request.uri.path': { type: 'Bytes', read: (state) => state.path, source: 'uri', place: 'start' },
  'http.request.uri.path.extension': {
    type: 'Bytes',
    read: (state) => lowerAscii(extension(state.path)),
    source: 'uri',
    place: 'within',
    before: '.',
  },
  'http.request.uri.path.basename': {
    type: 'Bytes',
    read: (state) => basename(state.path),
    source: 'uri',
    place: 'within',
  },
  'http.request.uri.query': { type: 'Bytes', read: (state) => state.query, source: 'uri', place: 'end' },
  'http.request.uri.args': {
    type: 'Map<Array<Bytes>>',
    read: (state) => state.arguments,
    readKey: (state, key) => argumentValues(state.query, key),
    source: 'uri',
    place: 'within',
    before: (key) => `${key}=`,
  },
  'http.request.uri.args.names': {
    type: 'Array<Bytes>',
    read: (state) => names(state.arguments),
    source: 'uri',
    place: 'within',
  },
  'http.request.uri.args.values': {
    type: 'Array<Bytes>',
    read: (state) => values(state.arguments),
    source: 'uri',
    place: 'within',
  },
  'http.request.headers': {
    type: 'Map<Array<Bytes>>',
    read: (state) => state.fields,
    readKey: (state, key) => state.lines(key),
    source: (key) => `header:${key}`,
    place: 'whole',
  },
  'http.request.headers.names': { type: 'Array<Bytes>', read: (state) => names(state.fields) },
  'http.request.headers.values': { type: 'Array<Bytes>', read: (state) => values(state.fields) },
  'http.request.headers.truncated': { type: 'Bool', read: (state) => state.areHeadersTruncated },
  'http.cookie': {
    type: 'Bytes',
    read: (state) => state.lines('cookie')?.join('; ') ?? '',
    source: 'header:cookie',
    place: 'whole',
  },
  'http.request.cookies': {
    type: 'Map<Array<Bytes>>',
    read: (state) => state.cookies,
    readKey: (state, key) => cookieValues(state.lines('cookie') ?? [], key),
    source: 'header:cookie',
    place: 'within',
    // A cookie without "=" has no name; a name may be encoded, and white space may stand around the "=".
    before: (key) => (key === '' ? '' : `${key}=`),
    unless: ['%', ' =', '= ', '\t'],
  },
  'http.referer': { type: 'Bytes', read: header('referer'), source: 'header:referer', place: 'whole' },
  'http.user_agent': {
    type: 'Bytes',
    read: header('user-agent'),
    source: 'header:user-agent',
    place: 'whole',
  },
  'http.x_forwarded_for': {
    type: 'Bytes',
    read: (state) => state.lines('x-forwarded-for')?.join(', ') ?? '',
    source: 'header:x-forwarded-for',
    place: 'whole',
  },
  'http.request.accepted_languages': {
    type: 'Array<Bytes>',
    read: (state) => acceptedLanguages(state.lines('accept-language') ?? []),
    source: 'header:accept-language',
    place: 'within',
  },
  'http.request.timestamp.sec': { type: 'Int', read: (state) => Math.floor(state.nowMs / 1000) },
  'http.request.timestamp.msec': { type: 'Int', read: (state) => state.nowMs % 1000 },
  'ip.src': { type: 'Ip', isOptional: true, read: (state) => state.ip, source: 'ip.src', place: 'whole' },
  'ip.src.country': country,
  'ip.src.continent': continent,
  'ip.src.is_in_european_union': isInEuropeanUnion,
  // Older names.
  'ip.geoip.country': country,
  'ip.geoip.continent': continent,
  'ip.geoip.is_in_european_union': isInEuropeanUnion,
  ssl: { type: 'Bool', read: (state) => state.isTls },
  'cf.edge.server_ip': { type: 'Ip', isOptional: true, read: (state) => state.serverIp },
  'cf.edge.server_port': { type: 'Int', isOptional: true, read: (state) => state.serverPort },
  'raw.http.request.full_uri': { type: 'Bytes', read: (state) => state.origin + state.rawUri },
  'raw.http.request.uri': { type: 'Bytes', read: (state) => state.rawUri, source: 'uri', place: 'whole' },
  'raw.http.request.uri.path': {
    type: 'Bytes',
    read: (state) => state.rawPath,
    source: 'uri',
    place: 'start',
  },
  'raw.http.request.uri.path.extension': {
    type: 'Bytes',
    read: (state) => lowerAscii(extension(state.rawPath)),
    source: 'uri',
    place: 'within',
    before: '.',
  },
  'raw.http.request.uri.query': {
    type: 'Bytes',
    read: (state) => state.rawQuery,
    source: 'uri',
    place: 'end',
  },
  'raw.http.request.uri.args': {
    type: 'Map<Array<Bytes>>',
    read: (state) => state.rawArguments,
    readKey: (state, key) => argumentValues(state.rawQuery, key),
    source: 'uri',
    place: 'within',
    before: (key) => `${key}=`,
  },
  'raw.http.request.uri.args.names': {
    type: 'Array<Bytes>',
    read: (state) => names(state.rawArguments),
    source: 'uri',
    place: 'within',
  },
  'raw.http.request.uri.args.values': {
    type: 'Array<Bytes>',
    read: (state) => values(state.rawArguments),
    source: 'uri',
    place: 'within',
  },
};

/** Map fields whose keys are lower case in every request, so that another key never finds anything. */
export const lowerCaseMaps: ReadonlySet<string> = new Set([
  'http.request.headers',
  'http.response.headers',
  'raw.http.response.headers',
]);
