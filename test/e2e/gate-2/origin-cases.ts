/**
 * Everything that an origin can do wrong, as rows: what it does, and what the client must then see. `status`: one of
 * these, as a whole response. `truncated`: the head had gone out, so that the response must be seen to be cut short.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type OriginConnection, ok, type Script } from '../../support/scripted-origin.ts';

export interface OriginCase {
  name: string;
  script: Script;
  status?: number[];
  /** What `error=` of Proxy-Status may be (RFC 9209 2.3). */
  error?: RegExp;
  truncated?: true;
  /** Body of a response that is whole. */
  body?: string;
  method?: string;
}

/** The cases reach the origin under this path, with the row's number behind it. */
export const casePath = '/case-';

const says =
  (bytes: string): Script =>
  (connection) =>
    connection.write(bytes);

const saysAndEnds =
  (bytes: string): Script =>
  async (connection) => {
    await connection.write(bytes);
    connection.end();
  };

const saysAndResets =
  (bytes: string): Script =>
  async (connection) => {
    await connection.write(bytes);
    // A reset overtakes bytes that were not read yet; the proxy has to have seen them for the case to be the case.
    await delay(50);
    connection.reset();
  };

const saysAndStops =
  (bytes: string): Script =>
  async (connection) => {
    await connection.write(bytes);
    await connection.silence();
  };

const drips =
  (bytes: string, pauseMs: number): Script =>
  (connection) =>
    connection.drip(bytes, pauseMs);

const incomplete = /http_response_incomplete|connection_terminated/;
const protocol = /http_protocol_error/;
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
const lengthHead = `${head}Content-Length: 10\r\n\r\n`;
const chunkedHead = `${head}Transfer-Encoding: chunked\r\n\r\n`;

const endings: OriginCase[] = [
  { name: 'closes without an answer', script: (c) => c.end(), status: [502], error: incomplete },
  { name: 'resets without an answer', script: (c) => c.reset(), status: [502], error: incomplete },
  {
    name: 'closes within the status line',
    script: saysAndEnds('HTTP/1.1 20'),
    status: [502],
    error: incomplete,
  },
  {
    name: 'closes within the head',
    script: saysAndEnds('HTTP/1.1 200 OK\r\nContent-Le'),
    status: [502],
    error: incomplete,
  },
  {
    name: 'resets within the head',
    script: saysAndResets('HTTP/1.1 200 OK\r\nContent-Le'),
    status: [502],
    error: incomplete,
  },
  {
    name: 'closes within a body of known length',
    script: saysAndEnds(`${lengthHead}12345`),
    truncated: true,
  },
  {
    name: 'resets within a body of known length',
    script: saysAndResets(`${lengthHead}12345`),
    truncated: true,
  },
  { name: 'closes within a chunk', script: saysAndEnds(`${chunkedHead}a\r\n12345`), truncated: true },
  {
    name: 'closes without the last chunk',
    script: saysAndEnds(`${chunkedHead}5\r\n12345\r\n`),
    truncated: true,
  },
  {
    name: 'closes within the trailers',
    script: saysAndEnds(`${chunkedHead}5\r\n12345\r\n0\r\nX: y`),
    truncated: true,
  },
  {
    name: 'resets a body that the close delimits',
    script: saysAndResets(`${head}Connection: close\r\n\r\n12345`),
    truncated: true,
  },
  { name: 'never answers', script: (c) => c.silence(), status: [504], error: /http_response_timeout/ },
  {
    name: 'stops within the head',
    script: saysAndStops('HTTP/1.1 200 OK\r\nCont'),
    status: [504],
    error: /http_response_timeout|connection_read_timeout/,
  },
  { name: 'stops within the body', script: saysAndStops(`${lengthHead}12345`), truncated: true },
  { name: 'stops within a chunk', script: saysAndStops(`${chunkedHead}a\r\n12345`), truncated: true },
  {
    name: 'never ends a body that the close delimits',
    script: saysAndStops(`${head}\r\n12345`),
    truncated: true,
  },
];

const heads: OriginCase[] = [
  ['garbage', '\x16\x03\x01\x02\x00garbage\r\n\r\n'],
  ['a request in place of a response', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a major version that is not ours', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a protocol in lower case', 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['ICY', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
  ['a bare CR in the status line', 'HTTP/1.1 200 OK\rX: y\r\nContent-Length: 0\r\n\r\n'],
  ['bare LF line ends', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n'],
  ['an empty name', 'HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n'],
  ['a space within a name', 'HTTP/1.1 200 OK\r\nX Y: x\r\nContent-Length: 0\r\n\r\n'],
  ['two different lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456`],
  ['a list of different lengths', `${head}Content-Length: 5, 6\r\n\r\n123456`],
  ['a length with letters', `${head}Content-Length: 5x\r\n\r\n12345`],
  ['a negative length', `${head}Content-Length: -5\r\n\r\n12345`],
  ['a length beyond 64 bits', `${head}Content-Length: 99999999999999999999\r\n\r\n12345`],
  [
    'a switch of protocols that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
  ],
].map(
  ([name, bytes]): OriginCase => ({
    name: `sends ${name}`,
    script: saysAndStops(bytes as string),
    status: [502],
    error: protocol,
  }),
);

// Where the RFC lets a proxy repair or refuse, both are right, but never a response that could be read in two ways.
const repairable: OriginCase[] = [
  {
    name: 'sends obs-fold',
    script: says(`HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\n12345`),
    status: [502, 200],
  },
  {
    name: 'sends white space before a colon',
    script: says(`HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 5\r\n\r\n12345`),
    status: [502, 200],
  },
  {
    name: 'sends the same length twice',
    script: says(`${head}Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345`),
    status: [502, 200],
  },
  {
    name: 'sends a length and chunked',
    script: says(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    status: [502, 200],
  },
  {
    name: 'sends chunked in HTTP/1.0',
    script: saysAndEnds('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
    status: [502, 200],
  },
];

const chunkFaults: OriginCase[] = [
  ['a chunk size that is no number', 'xyz\r\n12345\r\n0\r\n\r\n'],
  ['an empty chunk size', '\r\n12345\r\n0\r\n\r\n'],
  ['a negative chunk size', '-5\r\n12345\r\n0\r\n\r\n'],
  ['a chunk size beyond 64 bits', 'ffffffffffffffff5\r\n12345\r\n0\r\n\r\n'],
  ['a chunk without its CRLF', '5\r\n1234567\r\n0\r\n\r\n'],
  ['a bare LF after a chunk size', '5\n12345\r\n0\r\n\r\n'],
  ['a bad trailer', '5\r\n12345\r\n0\r\nno colon\r\n\r\n'],
  ['trailers without end', `5\r\n12345\r\n0\r\n${'X: y\r\n'.repeat(20_000)}`],
].map(
  ([name, bytes]): OriginCase => ({
    name: `sends ${name}`,
    script: saysAndStops(`${chunkedHead}3\r\nabc\r\n${bytes}`),
    truncated: true,
  }),
);

const sizes: OriginCase[] = [
  {
    name: 'sends a huge head',
    script: saysAndStops(
      `HTTP/1.1 200 OK\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(100)}Content-Length: 0\r\n\r\n`,
    ),
    status: [502],
    error: /http_response_header_section_size|http_response_header_size|http_protocol_error/,
  },
  {
    name: 'sends one huge field',
    script: saysAndStops(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`),
    status: [502],
  },
  {
    name: 'sends too many fields',
    script: saysAndStops(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(2000)}Content-Length: 0\r\n\r\n`),
    status: [502],
  },
  {
    name: 'sends interim responses without end',
    script: async (c) => {
      for (let index = 0; index < 10_000 && !c.isOver; index += 1)
        await c.write('HTTP/1.1 102 Processing\r\n\r\n');
    },
    status: [502],
  },
  {
    name: 'sends a huge interim response',
    script: saysAndStops(`HTTP/1.1 103 Early Hints\r\n${`Link: <${'y'.repeat(1000)}>\r\n`.repeat(100)}\r\n`),
    status: [502],
  },
];

const harmless: OriginCase[] = [
  {
    name: 'sends everything byte by byte',
    script: drips(ok('byte by byte'), 1),
    status: [200],
    body: 'byte by byte',
  },
  {
    name: 'sends a chunked body byte by byte',
    script: drips(`${chunkedHead}5\r\n12345\r\n0\r\n\r\n`, 1),
    status: [200],
    body: '12345',
  },
  {
    name: 'is HTTP/1.0 and closes',
    script: saysAndEnds('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold but good'),
    status: [200],
    body: 'old but good',
  },
  {
    name: 'is HTTP/1.0 with a length',
    script: saysAndEnds('HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n12345'),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends no reason phrase',
    script: says('HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n12345'),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends some interim responses first',
    script: says(
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('in the end')}`,
    ),
    status: [200],
    body: 'in the end',
  },
  {
    name: 'sends a trailer',
    script: says(`${chunkedHead}5\r\n12345\r\n0\r\nX-Trailer: y\r\n\r\n`),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends chunk extensions',
    script: says(`${chunkedHead}5;a="b\\"c";d\r\n12345\r\n0;e\r\n\r\n`),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends more than its length',
    script: says(`${head}Content-Length: 5\r\n\r\n12345HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends more after the last chunk',
    script: says(`${chunkedHead}5\r\n12345\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    status: [200],
    body: '12345',
  },
  {
    name: 'sends a body with 204',
    script: says('HTTP/1.1 204 No Content\r\n\r\nevil'),
    status: [204],
    body: '',
  },
  {
    name: 'sends a body with 304',
    script: says('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\nevil'),
    status: [304, 200, 502],
    method: 'GET',
  },
  {
    name: 'sends a body to HEAD',
    script: says(`${head}Content-Length: 4\r\n\r\nevil`),
    status: [200],
    method: 'HEAD',
    body: '',
  },
  {
    name: 'answers before the upload has ended',
    script: async (c: OriginConnection) => {
      await c.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntoo');
      c.end();
    },
    status: [413],
    method: 'POST',
    body: 'too',
  },
];

export const originCases: readonly OriginCase[] = [
  ...endings,
  ...heads,
  ...repairable,
  ...chunkFaults,
  ...sizes,
  ...harmless,
];
