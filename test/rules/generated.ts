/** Expressions and requests at random, from few enough words that they often meet. */
import * as fc from 'fast-check';
import { acceptedLanguages } from '../../src/rules/request/pairs.ts';
import { ipOf, type Plain, type World } from './interpreter.ts';
import { now, type Sent, servers } from './support.ts';

const words = [
  'a',
  'A',
  'ab',
  'env',
  '.env',
  'admin',
  'Admin',
  'x',
  '/',
  '..',
  'sel ect',
  'union',
  'long-literal-here',
  'é',
  '1',
];
const segment = fc.constantFrom(
  'a',
  'A',
  'ab',
  '.env',
  'admin',
  'Admin',
  'x.PHP',
  'long-literal-here',
  'index.html',
  '..',
  '\xe9',
);
const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const argument = fc
  .tuple(fc.constantFrom('a', 'b', 'q'), fc.constantFrom('', '=', '=1', '=union', '=admin', '=A'))
  .map((parts) => parts.join(''));
const query = fc.array(argument, { maxLength: 3 }).map((parts) => parts.join('&'));
const hosts = ['a', 'example.com', 'www.example.com', 'admin.example.org', 'b'];
const ips = [
  '192.0.2.1',
  '192.0.2.9',
  '10.0.0.1',
  '10.255.255.255',
  '198.51.100.4',
  '2001:db8::1',
  '::1',
  'fe80::1',
];
const names = [
  'x-a',
  'x-b',
  'accept',
  'user-agent',
  'cookie',
  'referer',
  'x-forwarded-for',
  'accept-language',
];
const values = [
  'a',
  'A',
  'admin',
  'Mozilla/5.0 long-literal-here',
  'union',
  'a=1; b=admin',
  'a=A',
  'a =admin; %62=union',
  'b=\ta; b;  b = admin ',
  'en;q=0.5, de, *',
  '1',
];
const agents = ['', 'curl/8', 'Mozilla/5.0 (X11)', 'sqlmap/1.0', 'EvilBot admin'];

export const request: fc.Arbitrary<Sent> = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'BREW'),
    path,
    query: fc.option(query),
    host: fc.constantFrom(...hosts),
    ip: fc.constantFrom(...ips),
    isTls: fc.boolean(),
    version: fc.constantFrom(10 as const, 11 as const),
    fields: fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values, ...agents)), {
      maxLength: 6,
    }),
  })
  .map(({ path, query, method, host, ip, isTls, version, fields }) => {
    const target = query === null ? path : `${path}?${query}`;
    return { method, host, ip, isTls, version, fields, target };
  });

export interface Rewrite {
  readonly path: string | null;
  readonly query: string | null;
  readonly header: readonly [name: string, lines: readonly string[] | null] | null;
}
const header: fc.Arbitrary<Rewrite['header']> = fc.option(
  fc.tuple(
    fc.constantFrom(...names),
    fc.option<readonly string[]>(fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })),
  ),
);
export const rewrite: fc.Arbitrary<Rewrite> = fc.record({
  path: fc.option(path),
  query: fc.option(query),
  header,
});

export const lists = new Map([
  [
    'texts',
    { kind: 'Bytes' as const, items: ['a', '/admin', 'GET', 'union', 'example.com', 'long-literal-here'] },
  ],
  ['numbers', { kind: 'Int' as const, items: ['1', '3..5', '8009'] }],
  [
    'nets',
    {
      kind: 'Ip' as const,
      items: ['192.0.2.0/29', '10.0.0.0/8', '2001:db8::/64', '198.51.100.3..198.51.100.7'],
    },
  ],
]);

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
const literal = fc.constantFrom(...words, ...hosts, ...values, 'GET', '/admin', '/a/ab', '').map(quoted);
const pattern = fc
  .constantFrom(
    'adm[a-z]+',
    '^/a',
    'php$',
    '(?i)ADMIN',
    'a|union|b',
    'x?y*',
    '[.]env',
    '(long|short)-lit',
    '^$',
    'a{2,3}',
    '(?i)^[^a]+$',
  )
  .map((text) => `r"${text}"`);
const glob = fc
  .constantFrom('*', '/a*', '*admin*', '*.PHP', 'a', '/*/a*b*', '*x*', 'www.*.COM', 'Mozilla*HERE')
  .map(quoted);
const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'http.request.uri.path',
      'http.request.uri.query',
      'http.request.uri',
      'http.request.full_uri',
      'http.host',
      'http.user_agent',
      'http.cookie',
      'http.referer',
      'http.x_forwarded_for',
      'http.request.method',
      'http.request.version',
      'http.request.uri.path.extension',
      'http.request.uri.path.basename',
      'raw.http.request.uri.path',
      'raw.http.request.uri.query',
      'raw.http.request.uri',
      'raw.http.request.full_uri',
      'raw.http.request.uri.path.extension',
      'http.request.headers["x-a"][0]',
      'http.request.headers["x-b"][1]',
      'http.request.headers["X-A"][0]',
      'http.request.uri.args["a"][0]',
      'http.request.cookies["a"][0]',
      'http.request.cookies["b"][0]',
      'http.request.cookies[""][0]',
      'http.request.headers.names[0]',
      'raw.http.request.uri.args["q"][0]',
      'http.request.accepted_languages[0]',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'lower(http.host)',
      'lower(http.user_agent)',
      'upper(http.request.uri.path)',
      'lower(http.request.headers["x-a"][0])',
      'concat(http.host, http.request.uri.path)',
      'concat(http.request.headers["x-a"][0], http.request.headers["x-b"][0])',
      'lower(upper(http.request.uri))',
      'concat("a", "b")',
      'lower(http.request.headers["x-a"][*])[0]',
    ),
  },
);
const array = fc.constantFrom(
  'http.request.headers["x-a"]',
  'http.request.headers["accept"]',
  'http.request.headers.names',
  'http.request.headers.values',
  'http.request.uri.args["a"]',
  'http.request.uri.args.names',
  'http.request.uri.args.values',
  'http.request.cookies["b"]',
  'raw.http.request.uri.args.values',
  'http.request.accepted_languages',
  'concat(http.request.uri.args["a"], http.request.uri.args["b"])',
  'http.request.headers["cookie"]',
);
const lane = fc.oneof(
  array.map((name) => `${name}[*]`),
  array.map((name) => `lower(${name}[*])[*]`),
  array.map((name) => `concat(${name}[*], http.host)[*]`),
  // Elements that a function makes of nil.
  fc.constantFrom(
    'lower(http.request.uri.args[*][1])[*]',
    'upper(lower(http.request.headers[*][1])[*])[*]',
    'concat(http.request.uri.args[*][1], http.request.headers["x-a"][0])[*]',
  ),
  fc.constantFrom('http.request.headers[*][*]', 'http.request.uri.args[*][0]', 'http.request.cookies[*][*]'),
);
const int = fc.constantFrom(
  'len(http.request.uri.path)',
  'len(http.request.headers["x-a"])',
  'len(http.request.headers["x-a"][0])',
  'len(concat(http.request.headers["x-a"][*], "a"))',
  'len(lower(http.request.uri.args[*][1]))',
  'cf.edge.server_port',
  'http.request.timestamp.msec',
  'len(http.host)',
);
const order = fc.constantFrom('==', 'eq', '!=', 'ne', '<', 'lt', '<=', '>', 'ge', '>=');
const number = fc.constantFrom('0', '1', '3', '11', '0x4', '010', '123', '8009', '-1');
const range = fc.oneof(number, fc.constantFrom('1..4', '0..0', '8000..8009', '100..200'));
const set = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(item, { maxLength: 6 }).map((items) => `{${items.join(' ')}}`);
const net = fc.constantFrom(
  '192.0.2.0/24',
  '192.0.2.9',
  '10.0.0.0/8',
  '::/0',
  '0.0.0.0/0',
  '2001:db8::/32',
  '198.51.100.3..198.51.100.7',
  '::1..::5',
);

function comparison(left: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const right = fc.oneof(
    fc.tuple(order, literal).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('contains'), literal).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('wildcard', 'strict wildcard'), glob).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('matches', '~'), pattern).map((parts) => parts.join(' ')),
    set(literal).map((items) => `in ${items}`),
    fc.constant('in $texts'),
  );
  return fc.tuple(left, right).map((parts) => parts.join(' '));
}

const simple = fc.oneof(
  { weight: 8, arbitrary: comparison(text) },
  { weight: 2, arbitrary: fc.tuple(int, order, number).map((parts) => parts.join(' ')) },
  { weight: 1, arbitrary: fc.tuple(int, set(range)).map(([left, items]) => `${left} in ${items}`) },
  { weight: 1, arbitrary: int.map((left) => `${left} in $numbers`) },
  { weight: 1, arbitrary: fc.tuple(int, number).map(([left, bits]) => `${left} & ${bits}`) },
  { weight: 2, arbitrary: set(net).map((items) => `ip.src in ${items}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'ip.src in $nets',
      'ip.src == 192.0.2.9',
      'ip.src != 10.0.0.1',
      'cf.edge.server_ip == 198.51.100.1',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('ssl', 'http.request.headers.truncated') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('starts_with', 'ends_with'), text, literal)
      .map(([name, left, right]) => `${name}(${left}, ${right})`),
  },
);

const elementwise = fc.letrec<{ any: string; one: string }>((tie) => ({
  one: fc.oneof(
    comparison(lane),
    fc
      .tuple(fc.constantFrom('starts_with', 'ends_with'), array, literal)
      .map(([name, left, right]) => `${name}(${left}[*], ${right})`),
    fc.tuple(array, range).map(([left, item]) => `len(${left}[*])[*] in {${item}}`),
  ),
  any: fc.oneof(
    { weight: 5, arbitrary: tie('one') },
    { weight: 1, arbitrary: tie('any').map((inside) => `not (${inside})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('any'), fc.constantFrom('and', 'or', 'xor'), tie('any'))
        .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    },
  ),
})).any;
const quantified = fc
  .tuple(fc.constantFrom('any', 'all'), elementwise)
  .map(([name, inside]) => `${name}(${inside})`);

export const expression: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    {
      weight: 6,
      arbitrary: fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: quantified }),
    },
    { weight: 1, arbitrary: tie('node').map((inside) => `not (${inside})`) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          tie('node'),
          fc.array(fc.tuple(fc.constantFrom('and', 'or', 'xor', '&&', '||', '^^'), tie('node')), {
            minLength: 1,
            maxLength: 3,
          }),
        )
        .map(([first, rest]) => [`(${first})`, ...rest.map(([op, item]) => `${op} (${item})`)].join(' ')),
    },
  ),
})).node;

type Fields = readonly (readonly [string, readonly string[]])[];

/** The fields of a request, and after a rewrite, worked out from what was sent. */
export function worldOf(sent: Sent, change?: Rewrite): World {
  const [rawPath = '', ...more] = sent.target!.split('?');
  const hasQuery = sent.target!.includes('?');
  const rawQuery = more.join('?');
  const path = change?.path ?? rawPath;
  const query = change === undefined ? rawQuery : (change.query ?? '');
  const uri = (change === undefined ? hasQuery : change.query !== null) ? `${path}?${query}` : path;
  const lines = new Map<string, string[]>([['host', [sent.host!]]]);
  for (const [name, value] of sent.fields!) lines.set(name, [...(lines.get(name) ?? []), value]);
  if (change?.header) {
    const [name, changed] = change.header;
    lines.delete(name);
    if (changed !== null) lines.set(name, [...changed]);
  }
  const origin = `${sent.isTls ? 'https' : 'http'}://${sent.host!}`;
  const extension = (of: string): string =>
    /[^/]\.([^./]*)$/.exec(of)?.[1]?.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) ?? '';
  const fields: Record<string, Plain> = {
    'http.host': sent.host!,
    'http.request.method': sent.method!,
    'http.request.version': sent.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1',
    'http.request.full_uri': origin + uri,
    'http.request.uri': uri,
    'http.request.uri.path': path,
    'http.request.uri.path.extension': extension(path),
    'http.request.uri.path.basename': path.split('/').at(-1)!,
    'http.request.uri.query': query,
    ...pairs('http.request.uri.args', argumentsOf(query)),
    ...pairs('http.request.headers', [...lines]),
    'http.request.headers.truncated': false,
    'http.cookie': lines.get('cookie')?.join('; ') ?? '',
    'http.request.cookies': new Map(cookiesOf(lines.get('cookie') ?? [])),
    'http.referer': lines.get('referer')?.[0] ?? '',
    'http.user_agent': lines.get('user-agent')?.[0] ?? '',
    'http.x_forwarded_for': lines.get('x-forwarded-for')?.join(', ') ?? '',
    'http.request.accepted_languages': acceptedLanguages(lines.get('accept-language') ?? []),
    'http.request.timestamp.sec': Math.floor(now / 1000),
    'http.request.timestamp.msec': now % 1000,
    'ip.src': ipOf(sent.ip!),
    ssl: sent.isTls!,
    'cf.edge.server_ip': ipOf(servers[0]!.address),
    'cf.edge.server_port': servers[0]!.port,
    'raw.http.request.full_uri': origin + sent.target!,
    'raw.http.request.uri': sent.target!,
    'raw.http.request.uri.path': rawPath,
    'raw.http.request.uri.path.extension': extension(rawPath),
    'raw.http.request.uri.query': rawQuery,
    ...pairs('raw.http.request.uri.args', argumentsOf(rawQuery)),
  };
  return {
    field: (name) => {
      if (!(name in fields)) throw new Error(`the world has no ${name}`);
      return fields[name]!;
    },
    list: (name) => lists.get(name)!.items,
  };
}

function pairs(name: string, given: Fields): Record<string, Plain> {
  return {
    [name]: new Map(given),
    [`${name}.names`]: given.flatMap(([key, values]) => values.map(() => key)),
    [`${name}.values`]: given.flatMap(([, values]) => values),
  };
}

function collect(items: readonly (readonly [string, string])[]): Fields {
  const keys = [...new Set(items.map(([key]) => key))];
  return keys.map((key) => [key, items.filter(([name]) => name === key).map(([, value]) => value)]);
}

function argumentsOf(query: string): Fields {
  const parts = query.split('&').filter((part) => part !== '');
  return collect(parts.map((part) => /^([^=]*)=?(.*)$/s.exec(part)!.slice(1) as [string, string]));
}

function cookiesOf(lines: readonly string[]): Fields {
  const parts = lines.flatMap((line) => line.split(';')).map((part) => part.trim());
  const items = parts
    .filter((part) => part !== '')
    .map((part): [string, string] => {
      const [name, ...rest] = part.split('=');
      const decoded = name!.trim().replaceAll('%62', 'b');
      return rest.length === 0 ? ['', part] : [decoded, rest.join('=').trim()];
    });
  return collect(items);
}
