/** Requests that nobody sent, laid out as the engine lays them out (contract, headWord). */
import type { Arena } from '../../engine/arena.ts';
import {
  eventFlag,
  eventWord,
  fieldWord,
  fieldWords,
  headFlag,
  headWord,
  headWords,
  methods,
} from '../../engine/contract.ts';
import type { EventView } from '../../engine/event-view.ts';
import { type HeadView, knownId } from '../../engine/head-view.ts';

export interface SyntheticRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly isTls: boolean;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const eventOffset = 64;
const addressOffset = 512;
const tableOffset = 1024;
const rawOffset = 8192;
export const syntheticBytes = 16_384;

const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';

/** Plain ones, and what their parts may be otherwise. */
export const syntheticRequests: readonly SyntheticRequest[] = [
  {
    method: 'GET',
    host: 'www.example.com',
    path: '/assets/app/main.3f2a1b.js',
    query: 'v=12345&lang=en',
    isTls: true,
    fields: [
      ['user-agent', browser],
      ['accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
      ['accept-encoding', 'gzip, deflate, br'],
      ['accept-language', 'en-GB,en;q=0.9,de;q=0.5'],
      ['cookie', 'session=0123456789abcdef; theme=dark'],
      ['referer', 'https://www.example.com/'],
    ],
  },
  {
    method: 'GET',
    host: 'example.com',
    path: '/',
    query: '',
    isTls: false,
    fields: [['user-agent', 'curl/8.5.0']],
  },
  {
    method: 'POST',
    host: 'api.example.com',
    path: '/v1/orders/1001',
    query: 'filter=open&filter=late',
    isTls: true,
    fields: [
      ['content-type', 'application/json'],
      ['content-length', '2'],
      ['x-forwarded-for', '192.0.2.7'],
      ['cookie', 'a=1'],
    ],
  },
];

/** Writes a request into the arena, and moves the views to it. */
export function writeSynthetic(
  arena: Arena,
  request: SyntheticRequest,
  head: HeadView,
  event: EventView,
): void {
  const { words } = arena;
  const base = tableOffset >> 2;
  words.fill(0, base, rawOffset >> 2);
  let used = 0;
  const put = (text: string): number => {
    const at = used;
    arena.writeText(text, rawOffset + at);
    used += text.length;
    return at;
  };
  const span = (word: number, text: string): void => {
    words[base + word + 1] = text.length;
    words[base + word] = put(text);
  };
  const hasQuery = request.query !== '';
  const fields = [['host', request.host] as const, ...request.fields];
  words[base + headWord.rawOffset] = rawOffset;
  words[base + headWord.flags] = headFlag.hasHost | headFlag.keepAlive | (hasQuery ? headFlag.hasQuery : 0);
  words[base + headWord.version] = 11;
  words[base + headWord.code] = methods.indexOf(request.method as (typeof methods)[number]);
  span(headWord.methodOffset, request.method);
  span(headWord.pathOffset, request.path);
  if (hasQuery) put('?');
  span(headWord.queryOffset, request.query);
  words[base + headWord.fieldCount] = fields.length;
  for (const [index, [name, value]] of fields.entries()) {
    const at = base + headWords + index * fieldWords;
    const id = knownId(name);
    words[at] = (name.length << 8) | id;
    words[at + fieldWord.nameOffset] = put(name);
    words[at + fieldWord.valueLength] = value.length;
    words[at + fieldWord.valueOffset] = put(value);
    if (id !== 0 && id < 32) words[base + headWord.knownLow]! |= 1 << id;
    else if (id !== 0 && id <= 62) words[base + headWord.knownHigh]! |= 1 << (id - 32);
  }
  // The authority lies behind the table, counted from its beginning.
  const authority = (headWords + fields.length * fieldWords) * 4;
  arena.writeText(request.host, tableOffset + authority);
  words[base + headWord.authorityOffset] = authority;
  words[base + headWord.authorityLength] = request.host.length;
  words[base + headWord.hostLength] = request.host.length;
  head.reset(tableOffset);
  writeEvent(arena, request.isTls, event);
}

function writeEvent(arena: Arena, isTls: boolean, event: EventView): void {
  const base = eventOffset >> 2;
  // 192.0.2.1, as peer and as client.
  const address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
  arena.bytes.set([...address, ...address], addressOffset);
  arena.words[base + eventWord.flags] = isTls ? eventFlag.tls : 0;
  arena.words[base + eventWord.head] = tableOffset;
  arena.words[base + eventWord.listener] = 0;
  arena.words[base + eventWord.clientAddress] = addressOffset;
  event.base = base;
}
