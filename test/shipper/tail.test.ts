import t, { type Test } from 'tap';
import { filterTypesOf } from '../../src/logs/config.ts';
import { compileSet, recordScheme } from '../../src/rules/compile/index.ts';
import type { ExpressionProgram } from '../../src/rules/protocol.ts';
import type { TailRequest } from '../../src/shipper/protocol.ts';
import { Harness, jobConfig } from './harness.ts';

const sampleAll = 2 ** 32;

const request = (over: Partial<TailRequest> = {}): TailRequest => ({
  dataset: 'http_requests',
  output: { timestamp_format: 'unix', field_names: ['RayID', 'ClientRequestPath', 'EdgeResponseStatus'] },
  sampleBelow: sampleAll,
  filters: [],
  ...over,
});

function compile(text: string): ExpressionProgram {
  const scheme = recordScheme(filterTypesOf('http_requests'));
  const { program, findings } = compileSet({
    scheme,
    lists: new Map(),
    expressions: [{ text, want: 'Bool' }],
  });
  if (program === undefined) throw new Error(JSON.stringify(findings));
  return program;
}

class Watched extends Harness {
  constructor(t: Test) {
    super(t);
    this.send({ type: 'stats', id: 0 });
  }

  chunks(id: number) {
    return this.posted.flatMap((message) =>
      message.type === 'tailed' && message.id === id ? [message] : [],
    );
  }

  rays(id: number): string[] {
    const text = this.chunks(id)
      .map(({ lines }) => Buffer.from(lines).toString())
      .join('');
    return text === ''
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { RayID: string }).RayID);
  }
}

const ray = (n: number): string => n.toString(16).padStart(16, '0');

t.test('live records, with a job and without one, from the moment of asking', async (t) => {
  for (const jobs of [[], [jobConfig('a')]]) {
    const h = new Watched(t);
    const ring = h.ring();
    h.start(jobs, [ring]);
    ring.write({ ray: 1n });
    await h.pass(100);
    h.send({ type: 'tail', id: 5, request: request() });
    ring.write({ ray: 2n });
    ring.write({ ray: 3n }, { path: '/a' });
    await h.pass(100);
    t.same(h.rays(5), [ray(2), ray(3)]);
    h.send({ type: 'untail', id: 5 });
    ring.write({ ray: 4n });
    await h.pass(100);
    t.same(h.rays(5), [ray(2), ray(3)], 'it has ended');
  }
});

t.test('rings that are added later, of dead writers too, and many sessions', async (t) => {
  const h = new Watched(t);
  h.start([jobConfig('a')]);
  h.send({ type: 'tail', id: 1, request: request() });
  h.send({ type: 'tail', id: 2, request: request({ filters: [compile('EdgeResponseStatus ge 500')] }) });
  const late = h.ring();
  h.send({ type: 'addRing', path: late.path });
  for (let n = 1; n <= 100; n++) late.write({ ray: BigInt(n), edgeStatus: n % 10 === 0 ? 503 : 200 });
  late.end();
  await h.pass(100);
  t.equal(h.rays(1).length, 100);
  t.same(
    h.rays(2),
    [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((n) => ray(n)),
  );
});

t.test('who does not keep up misses records, and is told how many', async (t) => {
  const h = new Watched(t);
  const ring = h.ring({ framesBytes: 8 * 1024 * 1024 });
  h.start([], [ring]);
  h.send({ type: 'tail', id: 1, request: request() });
  const path = `/${'x'.repeat(4000)}`;
  const total = 400;
  for (let n = 1; n <= total; n++) ring.write({ ray: BigInt(n) }, { path });
  await h.pass(100);
  t.equal(h.chunks(1).length, 8, 'so many may be on their way');
  const shown = h.rays(1).length;
  t.ok(shown < total);
  for (let n = 0; n < 8; n++) h.send({ type: 'tailTaken', id: 1 });
  const skipped = h.chunks(1).reduce((sum, chunk) => sum + chunk.skipped, 0);
  t.equal(shown + skipped, total, 'none is unaccounted for');
  ring.write({ ray: 9999n });
  await h.pass(100);
  t.equal(h.rays(1).at(-1), ray(9999), 'and it goes on');
});

t.test('what filters may ask of a record', async (t) => {
  const h = new Watched(t);
  const ring = h.ring();
  h.start([], [ring]);
  const address = Buffer.alloc(16);
  address.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7]);
  const fixed = {
    ray: 0xabcn,
    clientAddress: address,
    edgeStatus: 404,
    edgeResponseBytes: 5_000_000_000n,
    timeToFirstByteUs: 1600,
    originConnectUs: 1,
    cacheResult: 0,
    scheme: 2,
    flags: 1,
  };
  const texts = {
    method: 'GET',
    host: 'a.example',
    path: '/a',
    query: 'b=1',
    userAgent: 'curl/8',
    securityActions: 'block\u001flog',
  };
  const rows: [string, boolean][] = [
    ['EdgeResponseStatus eq 404', true],
    ['EdgeResponseStatus in {400..403 405..499}', false],
    ['EdgeResponseBytes gt 4999999999', true],
    ['EdgeResponseBytes eq 5000000000', true],
    ['ClientIP in {192.0.2.0/24}', true],
    ['ClientIP eq 192.0.2.8', false],
    ['OriginIP in {0.0.0.0/0}', false],
    ['not OriginIP in {0.0.0.0/0}', true],
    ['ClientRequestMethod eq "GET" and ClientRequestHost contains "example"', true],
    ['ClientRequestURI eq "/a?b=1"', true],
    ['ClientRequestUserAgent matches "^curl/[0-9]+$"', true],
    ['lower(ClientRequestScheme) eq "https"', true],
    ['RayID eq "0000000000000abc"', true],
    ['EdgeTimeToFirstByteMs eq 2', true],
    ['OriginTCPHandshakeDurationMs eq 1', true],
    ['Truncated', false],
    ['any(SecurityActions[*] eq "log")', true],
    ['SecurityActions[0] eq "block"', true],
    ['BotScore eq 0', true],
    ['ClientCountry eq ""', true],
  ];
  for (const [id, [text]] of rows.entries())
    h.send({ type: 'tail', id, request: request({ filters: [compile(text)] }) });
  ring.write(fixed, texts);
  await h.pass(100);
  for (const [id, [text, expected]] of rows.entries()) t.equal(h.rays(id).length, expected ? 1 : 0, text);
});

t.test('a field that cannot be asked for is no field of the language', async (t) => {
  t.throws(() => compile('EdgeStartTimestamp gt 5'), /EdgeStartTimestamp/);
  t.throws(() => compile('Cookies eq "a"'), /Cookies/);
});
