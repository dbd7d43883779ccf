import { join } from 'node:path';
import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import { reasons } from '../../src/engine/contract.ts';
import { loadRingBinding } from '../../src/engine/native/ring-binding.ts';
import { compileProgram } from '../../src/logs/encode/compile.ts';
import { FrameEncoder, type Run, sampleAll } from '../../src/logs/encode/frames.ts';
import { encodeLossLine } from '../../src/logs/encode/loss.ts';
import { type TimestampFormat, timestampFormats } from '../../src/logs/encode/timestamp.ts';
import { datasetFields } from '../../src/logs/record/dataset.ts';
import { requestSource, scheme } from '../../src/logs/record/fixed.ts';
import { Ring } from '../../src/logs/ring/reader.ts';
import { type RecordFields, type RecordTexts, RingFile } from '../support/ring-file.ts';
import { temporaryFolder } from '../support/temp.ts';

const binding = loadRingBinding();
const { fields, defaults } = datasetFields.http_requests;

function program(names: readonly string[], format: TimestampFormat = 'unixnano') {
  const chosen = names.flatMap((name) => fields.get(name) ?? []);
  if (chosen.length !== names.length) throw new Error('a field is unknown');
  return compileProgram(1, chosen, format);
}

const noLimits = {
  softLimit: Number.MAX_SAFE_INTEGER,
  recordsMax: Number.MAX_SAFE_INTEGER,
  sampleBelow: sampleAll,
};
const encoder = new FrameEncoder(binding);

/** All frames of a ring, as they are. */
function framesOf(ring: Ring): Run {
  const bytes = new Uint8Array(ring.tail - ring.head);
  const { offset } = ring.take(ring.head, bytes, 0);
  return { bytes, from: 0, to: offset };
}

function openRing(path: string): Ring {
  const opened = Ring.open(binding, path);
  if (opened.found !== 'ring') throw new Error(opened.found);
  return opened.ring;
}

/** Writes records and reads their lines back. */
function linesOf(
  t: Test,
  records: readonly (readonly [RecordFields, RecordTexts])[],
  { bytes, lineBytesMax }: { bytes: Uint8Array; lineBytesMax: number },
): string[] {
  const file = new RingFile(join(temporaryFolder(t), 'ring-1.ring'), { framesBytes: 1 << 20 });
  for (const [fixed, texts] of records) file.write(fixed, texts);
  const out = new Uint8Array(lineBytesMax * records.length);
  const ring = openRing(file.path);
  const done = encoder.encode(framesOf(ring), bytes, out, 0, noLimits);
  ring.close();
  file.close();
  t.equal(done.records, records.length);
  // A fatal decoder: the output is UTF-8 whatever the record held.
  const text = new TextDecoder('utf-8', { fatal: true }).decode(out.subarray(0, done.offset));
  t.ok(text.endsWith('\n'));
  return text.slice(0, -1).split('\n');
}

const v4 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7);
const v6 = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

t.test('every field of an ordinary record', (t) => {
  const record: [RecordFields, RecordTexts] = [
    {
      startNs: 1_700_000_000_123_456_789n,
      endNs: 1_700_000_000_223_456_789n,
      ray: 0x0123_4567_89ab_cdefn,
      clientAddress: v4,
      serverAddress: v6,
      clientPort: 54_321,
      httpVersion: 11,
      scheme: scheme.http,
      source: requestSource.eyeball,
      clientRequestBytes: 123,
      edgeResponseBytes: 5_000_000_000n,
      edgeStatus: 200,
      timeToFirstByteUs: 1_499,
      originConnectUs: 1,
      originDurationUs: 2_500,
      originStatus: 200,
      cacheResult: 5,
      reason: reasons.indexOf('rule'),
      outcome: 4,
      flags: 1,
    },
    { method: 'GET', host: 'example.com', path: '/a', query: 'b=c', userAgent: 'curl/8', zone: 'site' },
  ];
  const [line = ''] = linesOf(t, [record], program([...fields.keys()]));
  const value = JSON.parse(line);
  t.match(value, {
    RayID: '0123456789abcdef',
    ParentRayID: '',
    ClientIP: '192.0.2.7',
    EdgeServerIP: '2001:db8::1',
    OriginIP: '',
    ClientSrcPort: 54_321,
    ClientRequestMethod: 'GET',
    ClientRequestHost: 'example.com',
    ClientRequestPath: '/a',
    ClientRequestURI: '/a?b=c',
    ClientRequestProtocol: 'HTTP/1.1',
    ClientRequestScheme: 'http',
    ClientRequestSource: 'eyeball',
    ClientRequestUserAgent: 'curl/8',
    ClientRequestBytes: 123,
    EdgeResponseBytes: 5_000_000_000,
    EdgeResponseStatus: 200,
    EdgeTimeToFirstByteMs: 1,
    OriginTCPHandshakeDurationMs: 1,
    OriginResponseDurationMs: 3,
    OriginResponseTime: 2_500_000,
    CacheCacheStatus: 'hit',
    Outcome: 'refused',
    Reason: 'rule',
    FailCause: 'none',
    ZoneName: 'site',
    Sequence: 0,
    LostRecords: 0,
    Truncated: false,
    BotScore: 0,
    BotTags: [],
    Cookies: {},
    WorkerStatus: '',
    ClientIPClass: 'unknown',
  });
  t.match(line, /"EdgeStartTimestamp":1700000000123456789,"EdgeEndTimestamp":1700000000223456789/);
  t.same(Object.keys(value), [...fields.keys()], 'in the order of the table');
  t.same(Object.keys(JSON.parse(linesOf(t, [record], program(defaults))[0] ?? '')), defaults);
  t.end();
});

t.test('fields come in the order in which a job names them, and unknown ones alone make a line too', (t) => {
  t.same(linesOf(t, [[{ edgeStatus: 404 }, {}]], program(['EdgeResponseStatus', 'BotScore', 'RayID'])), [
    '{"EdgeResponseStatus":404,"BotScore":0,"RayID":""}',
  ]);
  t.same(linesOf(t, [[{}, {}]], program(['BotScore'])), ['{"BotScore":0}']);
  t.end();
});

t.test('a query that is empty is told from none', (t) => {
  const uri = program(['ClientRequestURI']);
  t.same(linesOf(t, [[{ flags: 1 }, { path: '/a' }]], uri), ['{"ClientRequestURI":"/a?"}']);
  t.same(linesOf(t, [[{ flags: 0 }, { path: '/a' }]], uri), ['{"ClientRequestURI":"/a"}']);
  t.end();
});

t.test('an index that no table has does no harm', (t) => {
  const names = [
    'CacheCacheStatus',
    'Outcome',
    'Reason',
    'FailCause',
    'ClientRequestProtocol',
    'ClientRequestScheme',
  ];
  const all = {
    cacheResult: 255,
    outcome: 255,
    failCause: 255,
    reason: 65_535,
    httpVersion: 255,
    scheme: 255,
  };
  t.same(JSON.parse(linesOf(t, [[all, {}]], program(names))[0] ?? ''), {
    CacheCacheStatus: 'unknown',
    Outcome: 'internal_error',
    Reason: 'none',
    FailCause: 'none',
    ClientRequestProtocol: '',
    ClientRequestScheme: '',
  });
  t.end();
});

t.test('timestamps in every format agree with Date', (t) => {
  const expected: Record<TimestampFormat, (ns: bigint) => unknown> = {
    unixnano: (ns) => Number(ns),
    unix: (ns) => Number(ns / 1_000_000_000n),
    rfc3339: (ns) => `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}Z`,
    rfc3339ms: (ns) => new Date(Number(ns / 1_000_000n)).toISOString(),
    rfc3339ns: (ns) =>
      `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 20)}${String(ns % 1_000_000_000n).padStart(9, '0')}Z`,
  };
  const times = fc.array(fc.bigInt(0n, 8_000_000_000_000_000_000n), { minLength: 1, maxLength: 20 });
  for (const format of timestampFormats) {
    fc.assert(
      fc.property(times, (list) => {
        const lines = linesOf(
          t,
          list.map((startNs) => [{ startNs }, {}] as const),
          program(['EdgeStartTimestamp'], format),
        );
        t.same(
          lines.map((line) => JSON.parse(line).EdgeStartTimestamp),
          list.map(expected[format]),
        );
      }),
      { numRuns: 20 },
    );
  }
  t.end();
});

/** Bytes as UTF-8 where they are, else as ISO 8859-1: the plain form of what the encoder does. */
function lenient(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    let length = 1;
    let piece = String.fromCharCode(bytes[at] ?? 0);
    for (let tried = 1; tried <= 4 && at + tried <= bytes.length; tried++) {
      try {
        piece = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
          bytes.subarray(at, at + tried),
        );
        length = tried;
        break;
      } catch {
        // Not a whole sequence.
      }
    }
    text += piece;
    at += length;
  }
  return text;
}

t.test('any bytes become the JSON string of what they mean', (t) => {
  const anyBytes = fc.uint8Array({ maxLength: 80 });
  const nearlyText = fc
    .string({ unit: 'binary', maxLength: 60 })
    .map((text) => new Uint8Array(Buffer.from(text)));
  const cutText = nearlyText.chain((bytes) =>
    fc
      .tuple(fc.nat(bytes.length), fc.nat(bytes.length))
      .map(([a, b]) => bytes.subarray(Math.min(a, b), Math.max(a, b))),
  );
  const awkward = fc
    .array(
      fc.constantFrom(
        '"',
        '\\',
        '\n',
        '\u0000',
        '\u001f',
        '\u007f',
        'é',
        '\u2028',
        '😀',
        'plain text of some length',
      ),
    )
    .map((list) => new Uint8Array(Buffer.from(list.join(''))));
  const strings = fc.array(fc.oneof(anyBytes, nearlyText, cutText, awkward), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(strings, (list) => {
      const lines = linesOf(
        t,
        list.map((userAgent) => [{}, { userAgent, path: userAgent }] as const),
        program(['ClientRequestUserAgent', 'ClientRequestURI']),
      );
      t.same(
        lines.map((line) => JSON.parse(line)),
        list.map((bytes) => ({ ClientRequestUserAgent: lenient(bytes), ClientRequestURI: lenient(bytes) })),
      );
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('every single byte, at every place of a word', (t) => {
  const records: [RecordFields, RecordTexts][] = [];
  const expected: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    for (const before of [0, 1, 7, 8, 15, 16, 17]) {
      const bytes = Buffer.concat([Buffer.alloc(before, 'a'), Buffer.of(byte), Buffer.alloc(20, 'z')]);
      records.push([{}, { referer: bytes }]);
      expected.push(lenient(bytes));
    }
  }
  const lines = linesOf(t, records, program(['ClientRequestReferer']));
  t.same(
    lines.map((line) => JSON.parse(line).ClientRequestReferer),
    expected,
  );
  t.end();
});

t.test('numbers of every width', (t) => {
  const widths = fc.record({
    edgeStatus: fc.nat(65_535),
    clientRequestBytes: fc.bigInt(0n, BigInt(Number.MAX_SAFE_INTEGER)),
    timeToFirstByteUs: fc.nat(0xffff_ffff),
    originTlsUs: fc.nat(0xffff_ffff),
    attempts: fc.nat(255),
    ray: fc.bigInt(1n, 2n ** 64n - 1n),
  });
  const names = [
    'EdgeResponseStatus',
    'ClientRequestBytes',
    'EdgeTimeToFirstByteMs',
    'OriginTLSHandshakeDurationMs',
    'OriginAttempts',
    'RayID',
  ];
  fc.assert(
    fc.property(fc.array(widths, { minLength: 1, maxLength: 50 }), (list) => {
      const lines = linesOf(
        t,
        list.map((fixed) => [fixed, {}] as const),
        program(names),
      );
      t.same(
        lines.map((line) => Object.values(JSON.parse(line))),
        list.map((fixed) => [
          fixed.edgeStatus,
          Number(fixed.clientRequestBytes),
          Math.round(fixed.timeToFirstByteUs / 1000),
          Math.ceil(fixed.originTlsUs / 1000),
          fixed.attempts,
          fixed.ray.toString(16).padStart(16, '0'),
        ]),
      );
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('limits: no line beyond the soft limit, the first one always, no more records than asked for', (t) => {
  const file = new RingFile(join(temporaryFolder(t), 'ring-1.ring'));
  for (let index = 0; index < 10; index++) file.write({ edgeStatus: 100 + index });
  const ring = openRing(file.path);
  const { bytes, lineBytesMax } = program(['EdgeResponseStatus']);
  const line = '{"EdgeResponseStatus":100}\n'.length;
  const out = new Uint8Array(lineBytesMax + 1000);
  const run = framesOf(ring);
  const encode = (from: number, softLimit: number, recordsMax: number, offset = 0) =>
    encoder.encode({ ...run, from }, bytes, out, offset, { ...noLimits, softLimit, recordsMax });

  const three = encode(0, 3 * line, 100);
  t.match(three, { records: 3, offset: 3 * line, isEnd: false, firstSequence: 0, lastSequence: 2 });
  t.match(
    encode(three.position, 1, 100),
    { records: 1, firstSequence: 3 },
    'a line that is too long goes alone',
  );
  t.match(encode(three.position, 4 * line, 100, 3 * line), { records: 1, offset: 4 * line });
  t.match(encode(0, 1000, 4), { records: 4, isEnd: false });
  t.match(encode(0, 1000, 100), { records: 10, isEnd: true });
  t.match(encoder.count(run), { records: 10, isEnd: true, firstSequence: 0, lastSequence: 9 });
  t.match(encoder.count({ ...run, to: three.position }), { records: 3, position: three.position });
  const cut = encoder.count({ ...run, to: three.position - 1 });
  t.match(cut, { records: 2, isEnd: true }, 'a frame that is not all there is none');
  t.ok(cut.damagedBytes > 0);
  ring.close();
  file.close();
  t.end();
});

t.test('a sample is the same for every job, and as large as it was asked for', (t) => {
  const file = new RingFile(join(temporaryFolder(t), 'ring-1.ring'), { framesBytes: 1 << 20 });
  for (let ray = 1; ray <= 2000; ray++) file.write({ ray });
  const ring = openRing(file.path);
  const { bytes, lineBytesMax } = program(['RayID']);
  const out = new Uint8Array(lineBytesMax + 100_000);
  const sample = (share: number): Set<string> => {
    const limits = { ...noLimits, sampleBelow: share * sampleAll };
    const done = encoder.encode(framesOf(ring), bytes, out, 0, limits);
    t.equal(done.records + done.sampled, 2000);
    return new Set(Buffer.from(out.subarray(0, done.offset)).toString().trimEnd().split('\n'));
  };
  const [tenth, half] = [sample(0.1), sample(0.5)];
  t.ok(tenth.size > 140 && tenth.size < 260, `${tenth.size}`);
  t.ok(half.size > 900 && half.size < 1100, `${half.size}`);
  t.ok(
    [...tenth].every((line) => half.has(line)),
    'the smaller one is a part of the larger one',
  );
  t.equal(sample(1).size, 2000);
  ring.close();
  file.close();
  t.end();
});

t.test('what cannot be is refused, and never touches memory', (t) => {
  const file = new RingFile(join(temporaryFolder(t), 'ring-1.ring'));
  file.write({});
  const ring = openRing(file.path);
  const { bytes } = program(['ClientRequestURI']);
  const room = new Uint8Array(1 << 22);
  const run = framesOf(ring);
  const encode = (program: Uint8Array, size: number) =>
    encoder.encode(run, program, room.subarray(0, size), 0, noLimits);
  t.throws(() => encode(bytes, 10), RangeError, 'an output that holds no line');
  t.throws(() => encode(bytes.subarray(0, 40), 1 << 20), TypeError, 'half a program');
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const broken = Uint8Array.from(bytes);
      broken[at] = byte;
      try {
        encode(broken, 1 << 22);
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  ring.close();
  t.throws(() => ring.refresh(), TypeError, 'a ring that was closed');
  file.close();
  t.end();
});

t.test('the line of a loss', (t) => {
  const { bytes, lineBytesMax } = program(
    ['EdgeStartTimestamp', 'Outcome', 'Reason', 'Sequence', 'LostRecords', 'LostLastSequence', 'WorkerIndex'],
    'rfc3339',
  );
  const out = new Uint8Array(lineBytesMax);
  const loss = {
    firstSequence: 10,
    lastSequence: 19,
    records: 10,
    sinceMs: 1_700_000_000_000,
    untilMs: 1_700_000_001_000,
    workerIndex: 2,
    reason: reasons.indexOf('log_job_behind'),
  };
  const end = encodeLossLine(binding, loss, bytes, out, 0);
  t.same(JSON.parse(Buffer.from(out.subarray(0, end)).toString()), {
    EdgeStartTimestamp: '2023-11-14T22:13:20Z',
    Outcome: 'lost',
    Reason: 'log_job_behind',
    Sequence: 10,
    LostRecords: 10,
    LostLastSequence: 19,
    WorkerIndex: 2,
  });
  t.end();
});
