/** Reads a multipart/byteranges body as strictly as RFC 9110 14.6 writes it. */
export interface BytesPart {
  type: string | undefined;
  first: number;
  last: number;
  size: number;
  body: Buffer;
}

const rangeForm = /^bytes (\d+)-(\d+)\/(\d+)$/;

function readPart(head: string, body: Buffer, at: number): BytesPart {
  const fields = new Map(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
    }),
  );
  const [, first, last, size] = (rangeForm.exec(fields.get('content-range') ?? '') ?? []).map(Number);
  if (first === undefined || last === undefined || size === undefined)
    throw new Error(`a part without Content-Range: ${head}`);
  return {
    type: fields.get('content-type'),
    first,
    last,
    size,
    body: body.subarray(at, at + last - first + 1),
  };
}

/** @param type the Content-Type of the response */
export function parseByteRanges(type: string, body: Buffer): BytesPart[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-zA-Z'()+_,./:=?-]{1,70})$/.exec(type)?.[1];
  if (boundary === undefined) throw new Error(`not multipart/byteranges: ${type}`);
  const parts: BytesPart[] = [];
  let at = 0;
  const expect = (text: string): void => {
    if (body.toString('latin1', at, at + text.length) !== text)
      throw new Error(`${JSON.stringify(text)} expected at ${at} of ${body.length}`);
    at += text.length;
  };
  expect(`--${boundary}`);
  while (body.toString('latin1', at, at + 2) !== '--') {
    expect('\r\n');
    const end = body.indexOf('\r\n\r\n', at);
    const part = readPart(body.toString('latin1', at, end), body, end + 4);
    parts.push(part);
    at = end + 4 + part.body.length;
    expect(`\r\n--${boundary}`);
  }
  expect('--\r\n');
  if (at !== body.length) throw new Error(`${body.length - at} bytes behind the last boundary`);
  return parts;
}
