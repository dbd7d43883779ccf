/** The tests' own client must be strict, and must not care how bytes are cut: else every test above it means little. */
import t from 'tap';
import { ProtocolError, type ResponseHead, ResponseParser } from './response-parser.ts';

interface Parsed {
  interim: number[];
  status: number;
  body: string;
  trailers: [string, string][];
}

function parse(pieces: Buffer[], methods: string[] = ['GET']): Parsed[] {
  const parser = new ResponseParser();
  const done: Parsed[] = [];
  const expectNext = (): void => {
    const method = methods[done.length];
    if (method === undefined) return;
    const parsed: Parsed = { interim: [], status: 0, body: '', trailers: [] };
    parser.expect(method, {
      interim: ({ status }: ResponseHead) => void parsed.interim.push(status),
      head: ({ status }: ResponseHead) => void (parsed.status = status),
      body: (piece: Buffer) => void (parsed.body += piece.toString('latin1')),
      end: (trailers) => {
        done.push({ ...parsed, trailers });
        expectNext();
      },
    });
  };
  expectNext();
  for (const piece of pieces) parser.push(piece);
  parser.finish();
  return done;
}

const stream = Buffer.from(
  [
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nto the end',
  ].join(''),
);
const methods = ['GET', 'HEAD', 'GET', 'GET', 'GET'];
const expected: Parsed[] = [
  { interim: [103], status: 200, body: 'hello', trailers: [] },
  { interim: [], status: 200, body: '', trailers: [] },
  { interim: [], status: 304, body: '', trailers: [] },
  { interim: [], status: 200, body: 'abcde', trailers: [['X', 'y']] },
  { interim: [], status: 200, body: 'to the end', trailers: [] },
];

t.test('every cut of the input gives the same responses', async (t) => {
  t.same(parse([stream], methods), expected);
  for (let at = 1; at < stream.length; at += 1) {
    t.same(parse([stream.subarray(0, at), stream.subarray(at)], methods), expected, `cut at ${at}`);
  }
  t.same(
    parse(
      [...stream].map((byte) => Buffer.from([byte])),
      methods,
    ),
    expected,
    'byte by byte',
  );
});

const faults: [name: string, text: string][] = [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx'],
  [
    'length and coding',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\nx'],
  ['obs-fold', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 1\r\n\r\nx'],
  ['bytes beyond the body', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy'],
  ['a body that is cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx'],
  ['chunks without their end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'],
  ['a bad chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n'],
  ['a length with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
  ['a head that is cut short', 'HTTP/1.1 200 OK\r\nContent-Le'],
];
for (const [name, text] of faults) {
  t.test(`${name} is an error`, async (t) => {
    t.throws(() => parse([Buffer.from(text, 'latin1')]), ProtocolError);
  });
}
