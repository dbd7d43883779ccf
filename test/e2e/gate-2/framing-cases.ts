/**
 * Requests that must be refused at the door, as rows: the bytes, and the status that the RFC (or the limit) gives them.
 * Every one is answered once, the connection is closed, and nothing whole reaches the origin.
 */
export interface FramingCase {
  name: string;
  bytes: string;
  /** Statuses that are right; the first is the one that the RFC names. */
  status: number[];
}

const host = 'Host: site.test\r\n';
/** What a smuggler would hide behind the faulty message; it must never be read as a request. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: site.test\r\n\r\n';

const line = (name: string, requestLine: string, status = [400]): FramingCase => ({
  name,
  bytes: `${requestLine}\r\n${host}\r\n`,
  status,
});
const field = (name: string, lines: string, status = [400]): FramingCase => ({
  name,
  bytes: `GET /field HTTP/1.1\r\n${host}${lines}\r\n\r\n`,
  status,
});
const noHost = (name: string, lines: string, status = [400]): FramingCase => ({
  name,
  bytes: `GET /host HTTP/1.1\r\n${lines}\r\n`,
  status,
});
const framed = (name: string, lines: string, body: string, status = [400]): FramingCase => ({
  name,
  bytes: `POST /framed HTTP/1.1\r\n${host}${lines}\r\n\r\n${body}${smuggled}`,
  status,
});
const chunked = (name: string, body: string, status = [400]): FramingCase =>
  framed(name, 'Transfer-Encoding: chunked', body, status);

const requestLines: FramingCase[] = [
  line('two spaces after the method', 'GET  / HTTP/1.1'),
  line('two spaces before the version', 'GET /  HTTP/1.1'),
  line('a tab in the place of a space', 'GET\t/ HTTP/1.1'),
  line('a space at the end of the line', 'GET / HTTP/1.1 '),
  line('a space before the method', ' GET / HTTP/1.1'),
  line('no version', 'GET /'),
  line('no target', 'GET HTTP/1.1'),
  line('an empty method', ' / HTTP/1.1'),
  line('a method that is no token', 'G@T / HTTP/1.1'),
  line('a version in lower case', 'GET / http/1.1'),
  line('a version of two digits', 'GET / HTTP/1.10'),
  line('a version without a minor', 'GET / HTTP/1'),
  line('another protocol', 'GET / HTTQ/1.1'),
  line('a major version that is not ours', 'GET / HTTP/2.0', [505, 400]),
  line('version 0.9', 'GET / HTTP/0.9', [505, 400]),
  line('a target that begins with no slash', 'GET path HTTP/1.1'),
  line('an asterisk that is not for OPTIONS', 'GET * HTTP/1.1'),
  line('an authority as the target of GET', 'GET site.test:80 HTTP/1.1'),
  line('a fragment in the target', 'GET /a#b HTTP/1.1'),
  line('a space in the target', 'GET /a b HTTP/1.1'),
  line('a control character in the target', 'GET /a\x01b HTTP/1.1'),
  line('DEL in the target', 'GET /a\x7fb HTTP/1.1'),
  line('a raw byte above ASCII in the target', 'GET /\xe4 HTTP/1.1'),
  line('a bare CR in the request line', 'GET /a\rb HTTP/1.1'),
  line('user information in an absolute target', 'GET http://user@site.test/ HTTP/1.1'),
  line('an absolute target without a host', 'GET http:///path HTTP/1.1'),
  line('a scheme that we do not serve', 'GET ftp://site.test/ HTTP/1.1', [400, 421]),
  line('TRACE', 'TRACE / HTTP/1.1', [405]),
  { name: 'CONNECT', bytes: 'CONNECT site.test:443 HTTP/1.1\r\nHost: site.test:443\r\n\r\n', status: [405] },
  {
    name: 'three empty lines before the request',
    bytes: `\r\n\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`,
    status: [400],
  },
  { name: 'bare LF line ends', bytes: 'GET / HTTP/1.1\nHost: site.test\n\n', status: [400] },
  {
    name: 'TLS on the plaintext port',
    bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    status: [400],
  },
];

const fieldLinesCases: FramingCase[] = [
  field('white space before the colon', 'Name : value'),
  field('a tab before the colon', 'Name\t: value'),
  field('obs-fold', 'Name: one\r\n two'),
  field('obs-fold by a tab', 'Name: one\r\n\ttwo'),
  {
    name: 'a fold on the first field line',
    bytes: `GET / HTTP/1.1\r\n Name: value\r\n${host}\r\n`,
    status: [400],
  },
  field('a bare LF between fields', 'One: 1\nTwo: 2'),
  field('a bare CR in a value', 'One: 1\rTwo: 2'),
  field('CR CR LF', 'One: 1\r'),
  field('NUL in a value', 'Name: a\0b'),
  field('a control character in a value', 'Name: a\x01b'),
  field('DEL in a value', 'Name: a\x7fb'),
  field('a line without a colon', 'Name'),
  field('an empty name', ': value'),
  field('a space within a name', 'Na me: value'),
  field('a bracket in a name', 'Na(me: value'),
  field('a byte above ASCII in a name', 'N\xe4me: value'),
  field('NUL in a name', 'Na\0me: value'),
  field('an expectation that is unknown', 'Expect: 200-ok', [417]),
];

const hosts: FramingCase[] = [
  noHost('no Host', 'Accept: */*\r\n'),
  noHost('Host twice, the same', 'Host: site.test\r\nHost: site.test\r\n'),
  noHost('Host twice, different', 'Host: site.test\r\nHost: other.test\r\n'),
  noHost('an empty Host', 'Host:\r\n'),
  noHost('a list as Host', 'Host: site.test, other.test\r\n'),
  noHost('a space in Host', 'Host: site test\r\n'),
  noHost('a path in Host', 'Host: site.test/path\r\n'),
  noHost('user information in Host', 'Host: user@site.test\r\n'),
  noHost('a port that is no number', 'Host: site.test:http\r\n'),
  noHost('a port out of range', 'Host: site.test:65536\r\n'),
  noHost('an open bracket', 'Host: [::1\r\n'),
  noHost('brackets around no address', 'Host: [site.test]\r\n'),
  {
    name: 'Host twice beside an absolute target',
    bytes: 'GET http://site.test/ HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n',
    status: [400],
  },
];

const lengths: FramingCase[] = [
  framed(
    'Content-Length and Transfer-Encoding',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    '0\r\n\r\n',
  ),
  framed(
    'Transfer-Encoding and Content-Length',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    '0\r\n\r\n',
  ),
  framed('Content-Length twice, the same', 'Content-Length: 5\r\nContent-Length: 5', 'abcde'),
  framed('Content-Length twice, different', 'Content-Length: 5\r\nContent-Length: 6', 'abcdef'),
  framed('a list of lengths', 'Content-Length: 5, 5', 'abcde'),
  framed('an empty length', 'Content-Length:', ''),
  framed('a length with a plus', 'Content-Length: +5', 'abcde'),
  framed('a negative length', 'Content-Length: -5', ''),
  framed('a length in hexadecimal', 'Content-Length: 0x5', 'abcde'),
  framed('a length with letters', 'Content-Length: 5a', 'abcde'),
  framed('a length with a fraction', 'Content-Length: 5.0', 'abcde'),
  framed('a length with a space in it', 'Content-Length: 1 0', 'abcde'),
  framed('a length beyond 64 bits', 'Content-Length: 18446744073709551621', 'abcde', [400, 413]),
  framed('a coding that is not known', 'Transfer-Encoding: xchunked', '0\r\n\r\n', [501, 400]),
  framed('a coding below chunked', 'Transfer-Encoding: gzip, chunked', '0\r\n\r\n', [501]),
  framed('chunked that is not the last coding', 'Transfer-Encoding: chunked, gzip', '0\r\n\r\n', [400, 501]),
  framed('chunked twice in one field', 'Transfer-Encoding: chunked, chunked', '0\r\n\r\n', [400, 501]),
  framed(
    'chunked twice in two fields',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    '0\r\n\r\n',
    [400, 501],
  ),
  framed(
    'chunked and identity in two fields',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    '0\r\n\r\n',
    [400, 501],
  ),
  framed('an empty coding', 'Transfer-Encoding:', '0\r\n\r\n', [400, 501]),
  framed('a vertical tab before the coding', 'Transfer-Encoding: \x0bchunked', '0\r\n\r\n', [400, 501]),
  framed('a coding in quotes', 'Transfer-Encoding: "chunked"', '0\r\n\r\n', [400, 501]),
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    status: [400],
  },
];

const chunks: FramingCase[] = [
  chunked('a chunk size that is no number', 'g\r\nabc\r\n0\r\n\r\n'),
  chunked('an empty chunk size', '\r\nabc\r\n0\r\n\r\n'),
  chunked('a negative chunk size', '-1\r\n\r\n0\r\n\r\n'),
  chunked('a chunk size with a plus', '+3\r\nabc\r\n0\r\n\r\n'),
  chunked('a chunk size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'),
  chunked('a space before a chunk size', ' 3\r\nabc\r\n0\r\n\r\n'),
  chunked('a chunk size beyond 64 bits', '10000000000000003\r\nabc\r\n0\r\n\r\n', [400, 413]),
  chunked('a bare LF after a chunk size', '3\nabc\r\n0\r\n\r\n'),
  chunked('a bare CR after a chunk size', '3\rabc\r\n0\r\n\r\n'),
  chunked('a bare LF after chunk data', '3\r\nabc\n0\r\n\r\n'),
  chunked('chunk data longer than its size', '3\r\nabcd\r\n0\r\n\r\n'),
  chunked('a bare LF in a chunk extension', '3;a=b\nabc\r\n0\r\n\r\n'),
  chunked('a control character in a chunk extension', '3;a=\x01\r\nabc\r\n0\r\n\r\n'),
  chunked('a bare LF after the last chunk', '3\r\nabc\r\n0\n\n'),
  chunked('a trailer line without a colon', '3\r\nabc\r\n0\r\nTrailer\r\n\r\n'),
  chunked('white space before the colon of a trailer', '3\r\nabc\r\n0\r\nName : x\r\n\r\n'),
  chunked('obs-fold in a trailer', '3\r\nabc\r\n0\r\nName: x\r\n y\r\n\r\n'),
  chunked('a bare LF in the trailers', '3\r\nabc\r\n0\r\nName: x\n\r\n'),
];

export const framingCases: readonly FramingCase[] = [
  ...requestLines,
  ...fieldLinesCases,
  ...hosts,
  ...lengths,
  ...chunks,
];
