/** Validation with the origin, conditional requests of the client, ranges. */
import t from 'tap';
import { FakeProxy, type Origin, type OriginResponse } from '../support/fake-proxy.ts';

const tagged: OriginResponse = {
  fields: [
    ['cache-control', 'max-age=60'],
    ['etag', '"a"'],
    ['x-own', '1'],
  ],
  body: '0123456789',
};

/** An origin that answers 304 to the right tag, with fields of its own. */
function validating(fields: [string, string][] = [['x-own', '2']], answer = tagged): Origin {
  return (request) => (request.get('if-none-match') === '"a"' ? { status: 304, fields } : answer);
}

t.test('a stale response is validated, brought up to date and served', async (t) => {
  const proxy = new FakeProxy(validating());
  proxy.send();
  proxy.advance(61);
  const response = proxy.send();
  t.equal(response.status, 200);
  t.equal(response.body, '0123456789');
  t.equal(response.cacheResult, 'revalidated');
  t.equal(response.get('cache-status'), 'parapet; fwd=stale; fwd-status=304');
  t.equal(response.get('x-own'), '2');
  t.equal(response.get('age'), '0', 'its age begins anew');
  t.equal(proxy.asked[1]?.get('if-none-match'), '"a"');
  proxy.advance(59);
  const hit = proxy.send();
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=1');
  t.equal(hit.get('x-own'), '2');
});

t.test('validators of both kinds are sent', async (t) => {
  const proxy = new FakeProxy(() => tagged);
  const fields: [string, string][] = [
    ['cache-control', 'max-age=1'],
    ['last-modified', proxy.date(-1000)],
  ];
  proxy.origin = () => ({ fields });
  proxy.send();
  proxy.advance(2);
  proxy.send();
  t.equal(proxy.asked[1]?.get('if-modified-since'), proxy.date(-1002));
  t.equal(proxy.asked[1]?.get('if-none-match'), undefined);
});

t.test('what a 304 does not change', async (t) => {
  const proxy = new FakeProxy(
    validating([
      ['etag', '"other"'],
      ['content-length', '5'],
      ['content-encoding', 'gzip'],
      ['content-range', 'bytes 0-1/2'],
      ['content-md5', 'x'],
      ['connection', 'x-hop'],
      ['x-hop', '1'],
      ['keep-alive', 'timeout=5'],
      ['age', '7'],
      ['x-new', '1'],
      ['x-new', '2'],
      ['link', 'a'],
      ['link', 'b'],
      ['content-type', 'text/plain'],
    ]),
  );
  proxy.send();
  proxy.advance(61);
  const response = proxy.send();
  for (const name of [
    'content-length',
    'content-encoding',
    'content-range',
    'content-md5',
    'x-hop',
    'keep-alive',
  ]) {
    t.equal(response.get(name), undefined, name);
  }
  t.equal(response.get('etag'), '"a"');
  t.equal(response.get('x-own'), '1', 'what it leaves out stays');
  t.equal(response.get('x-new'), '1, 2');
  t.equal(response.get('link'), 'a, b');
  t.equal(response.get('content-type'), 'text/plain');
  t.equal(response.get('age'), '7', 'the age of the 304');
  t.equal(proxy.send().get('cache-status'), 'parapet; hit; ttl=53');
});

t.test('a 304 may bring new freshness, or withdraw what allowed storing', async (t) => {
  const longer = new FakeProxy(validating([['cache-control', 'max-age=500']]));
  longer.send();
  longer.advance(61);
  longer.send();
  t.equal(longer.send().get('cache-status'), 'parapet; hit; ttl=500');
  const withdrawn = new FakeProxy(validating([['cache-control', 'no-store']]));
  withdrawn.send();
  withdrawn.advance(61);
  t.equal(withdrawn.send().body, '0123456789');
  withdrawn.send();
  t.equal(withdrawn.asked.length, 3, 'asked for again');
});

t.test('what may not be stored of a 304 reaches the client that it is for, and no other', async (t) => {
  const personal: [string, string][] = [
    ['set-cookie', 'user=one'],
    ['x-user', 'one'],
  ];
  // The engine takes tags out of what is stored.
  const forms: [string, string][][] = [
    [...personal, ['cache-tag', 'a'], ['cache-control', 'no-store']],
    [...personal, ['cache-tag', 'a'], ['cache-control', 'private, max-age=60']],
    [...personal, ['parapet-cache-control', 'max-age=9'], ['cache-control', 'max-age=9']],
    [...personal, ['cache-control', 'max-age=60, private="x-user, set-cookie"']],
  ];
  for (const [index, fields] of forms.entries()) {
    const isStored = index === 2;
    const proxy = new FakeProxy(validating(fields));
    proxy.send();
    proxy.advance(61);
    const one = proxy.send();
    t.equal(one.get('set-cookie'), 'user=one');
    t.equal(one.get('x-user'), 'one');
    t.equal(one.get('cache-control'), fields.at(-1)?.[1]);
    proxy.origin = validating([['cache-control', 'max-age=60']]);
    proxy.advance(61);
    const other = proxy.send();
    t.equal(other.cacheResult, 'revalidated');
    t.equal(other.get('set-cookie'), isStored ? 'user=one' : undefined);
    t.equal(other.get('x-user'), isStored ? 'one' : undefined);
    for (const { fields: sent } of [one, other, proxy.send()]) {
      t.notOk(sent.some(([name]) => name === 'parapet-cache-control' || name === 'cache-tag'));
    }
  }
});

t.test(
  'a field for this cache alone counts on when a 304 leaves it out, and is sent to nobody',
  async (t) => {
    const own: [string, string] = ['parapet-cache-control', 'max-age=60'];
    const proxy = new FakeProxy(
      validating([], { fields: [own, ['cache-control', 'no-cache'], ['etag', '"a"']], body: 'x' }),
    );
    proxy.send();
    for (let turn = 0; turn < 2; turn += 1) {
      proxy.advance(61);
      t.equal(proxy.send().cacheResult, 'revalidated');
      const hit = proxy.send();
      t.equal(hit.get('cache-status'), 'parapet; hit; ttl=60');
      t.equal(hit.get(own[0]), undefined);
    }
  },
);

t.test('an answer to somebody who is known does not reach others with its 304', async (t) => {
  const proxy = new FakeProxy(validating([['x-user', 'one']]));
  proxy.send();
  proxy.advance(61);
  t.equal(proxy.send({ fields: [['authorization', 'x']] }).get('x-user'), 'one');
  proxy.origin = validating([['x-own', '1']]);
  t.equal(proxy.send().get('x-user'), undefined);
});

t.test('no-cache is validated every time', async (t) => {
  const answer = {
    ...tagged,
    fields: [
      ['cache-control', 'no-cache'],
      ['etag', '"a"'],
    ] as [string, string][],
  };
  const proxy = new FakeProxy(validating([], answer));
  proxy.send();
  for (let index = 0; index < 3; index += 1) t.equal(proxy.send().cacheResult, 'revalidated');
  t.equal(proxy.asked.length, 4);
});

t.test('a request may ask for validation', async (t) => {
  const proxy = new FakeProxy(validating());
  proxy.send();
  const response = proxy.send({ fields: [['cache-control', 'no-cache']] });
  t.equal(response.get('cache-status'), 'parapet; fwd=request; fwd-status=304');
  t.equal(response.status, 200);
});

t.test('conditions of the client are answered from the store', async (t) => {
  const proxy = new FakeProxy(() => tagged);
  proxy.send();
  const send = (name: string, value: string): ReturnType<FakeProxy['send']> =>
    proxy.send({ fields: [[name, value]] });
  const notModified = send('if-none-match', 'W/"x", "a"');
  t.equal(notModified.status, 304);
  t.equal(notModified.body, '');
  t.equal(notModified.get('etag'), '"a"');
  t.equal(notModified.get('cache-status'), 'parapet; hit; ttl=60');
  t.equal(send('if-none-match', '"b"').status, 200);
  t.equal(send('if-modified-since', proxy.date()).status, 304);
  t.equal(send('if-modified-since', proxy.date(-1)).status, 200);
  t.equal(send('if-match', '"a"').status, 200);
  const failed = send('if-match', '"b"');
  t.equal(failed.status, 412);
  t.equal(failed.body, '');
  t.equal(failed.reason, 'precondition_failed');
  t.equal(proxy.asked.length, 1);
});

t.test('conditions are answered after validation too, and from a new response', async (t) => {
  const proxy = new FakeProxy(validating());
  const first = proxy.send({ fields: [['if-none-match', '"a"']] });
  t.equal(proxy.asked[0]?.get('if-none-match'), undefined, 'the whole response is fetched, to be stored');
  t.equal(first.status, 304);
  t.equal(first.cacheResult, 'miss');
  t.equal(first.body, '');
  t.equal(proxy.send().body, '0123456789', 'it was stored whole');
  proxy.advance(61);
  const second = proxy.send({ fields: [['if-none-match', '"b", "a"']] });
  t.equal(proxy.asked[1]?.get('if-none-match'), '"a"', 'the validator is that of the store');
  t.equal(second.status, 304);
  t.equal(second.cacheResult, 'revalidated');
});

t.test('conditions do not count for a stored response that is no success', async (t) => {
  const fields: [string, string][] = [
    ['cache-control', 'max-age=60'],
    ['etag', '"a"'],
  ];
  const proxy = new FakeProxy(() => ({ status: 404, fields }));
  proxy.send();
  t.equal(proxy.send({ fields: [['if-none-match', '"a"']] }).status, 404);
});

t.test('preconditions go to the origin as they came', async (t) => {
  const proxy = new FakeProxy(() => ({ status: 412 }));
  t.equal(proxy.send({ fields: [['if-match', '"x"']] }).status, 412);
  t.equal(proxy.asked[0]?.get('if-match'), '"x"');
});

t.test('a 304 to a condition that went to the origin is passed on', async (t) => {
  const proxy = new FakeProxy(() => ({ fields: [['cache-control', 'private']] }));
  proxy.send();
  proxy.origin = (request) => (request.get('if-none-match') === '"z"' ? { status: 304 } : {});
  t.equal(proxy.send({ fields: [['if-none-match', '"z"']] }).status, 304);
});

t.test('ranges of a stored response', async (t) => {
  const proxy = new FakeProxy(() => tagged);
  proxy.send();
  const range = (value: string, more: [string, string][] = []): ReturnType<FakeProxy['send']> =>
    proxy.send({ fields: [['range', value], ...more] });
  const part = range('bytes=2-4');
  t.equal(part.status, 206);
  t.equal(part.body, '234');
  t.equal(part.get('content-range'), 'bytes 2-4/10');
  t.equal(part.get('cache-status'), 'parapet; hit; ttl=60');
  t.equal(range('bytes=-3').body, '789');
  t.equal(range('bytes=8-').body, '89');
  const beyond = range('bytes=10-');
  t.equal(beyond.status, 416);
  t.equal(beyond.get('content-range'), 'bytes */10');
  t.equal(beyond.body, '');
  t.equal(beyond.reason, 'range_not_satisfiable');
  const several = range('bytes=0-1,4-5');
  t.same([several.status, several.get('content-type')], [206, 'multipart/byteranges']);
  t.equal(range('bytes=0-1', [['if-range', '"a"']]).status, 206);
  t.equal(range('bytes=0-1', [['if-range', '"b"']]).status, 200);
  t.equal(range('bytes=0-1', [['if-none-match', '"a"']]).status, 304, 'conditions come first');
  t.equal(proxy.send({ method: 'HEAD', fields: [['range', 'bytes=0-1']] }).status, 200);
  proxy.advance(61);
  proxy.origin = validating();
  const validated = range('bytes=2-4');
  t.equal(validated.status, 206);
  t.equal(validated.get('content-range'), 'bytes 2-4/10');
  t.equal(validated.cacheResult, 'revalidated');
});

t.test('a range of what is not stored goes to the origin, and its part is not stored', async (t) => {
  const proxy = new FakeProxy((request) =>
    request.get('range') === 'bytes=0-1'
      ? {
          status: 206,
          fields: [
            ['content-range', 'bytes 0-1/10'],
            ['cache-control', 'max-age=60'],
          ],
          body: '01',
        }
      : tagged,
  );
  const response = proxy.send({ fields: [['range', 'bytes=0-1']] });
  t.equal(response.status, 206);
  t.equal(proxy.engine.store.size, 0);
  t.equal(proxy.send().body, '0123456789');
});

t.test('a stale response is validated by HEAD too', async (t) => {
  const proxy = new FakeProxy(validating());
  proxy.send();
  proxy.advance(61);
  const response = proxy.send({ method: 'HEAD' });
  t.equal(proxy.asked[1]?.method, 'HEAD');
  t.equal(response.cacheResult, 'revalidated');
  t.equal(proxy.send().cacheResult, 'hit');
});

t.test('a 200 to HEAD brings the stored response up to date where it describes it', async (t) => {
  const proxy = new FakeProxy(() => tagged);
  proxy.send();
  proxy.advance(61);
  proxy.origin = () => ({
    fields: [
      ['cache-control', 'max-age=30'],
      ['etag', '"a"'],
      ['content-length', '10'],
      ['x-new', '2'],
    ],
  });
  const head = proxy.send({ method: 'HEAD' });
  t.equal(head.get('cache-status'), 'parapet; fwd=stale; fwd-status=200');
  t.equal(head.get('x-own'), '1', 'fields that did not come again stay');
  t.equal(head.get('x-new'), '2');
  const hit = proxy.send();
  t.equal(hit.get('cache-status'), 'parapet; hit; ttl=30');
  t.equal(hit.get('x-new'), '2');
  t.equal(hit.body, '0123456789');
});

t.test('a 200 to HEAD that tells of another representation makes the stored one stale', async (t) => {
  const others: [string, string][][] = [
    [['etag', '"b"']],
    [['last-modified', 'Sun, 06 Nov 1994 08:49:37 GMT']],
    [
      ['etag', '"a"'],
      ['content-length', '11'],
    ],
  ];
  for (const fields of others) {
    const proxy = new FakeProxy(() => tagged);
    proxy.send();
    proxy.origin = () => ({ fields: [['cache-control', 'max-age=30'], ...fields] });
    const head = proxy.send({ method: 'HEAD', fields: [['cache-control', 'no-cache']] });
    t.equal(head.get('x-own'), undefined, "the answer is the origin's own");
    t.not(proxy.send().cacheResult, 'hit', JSON.stringify(fields));
  }
});

t.test('an error or a miss by HEAD says nothing of what is stored', async (t) => {
  for (const status of [404, 500]) {
    const proxy = new FakeProxy(() => tagged);
    proxy.send();
    proxy.origin = () => ({ status, fields: [['etag', '"b"']] });
    proxy.send({ method: 'HEAD', fields: [['cache-control', 'no-cache']] });
    t.equal(proxy.send().cacheResult, 'hit');
  }
});

t.test('an origin is told that Surrogate-Control may name this cache, where it would count', async (t) => {
  const proxy = new FakeProxy(() => tagged);
  proxy.send({ fields: [['surrogate-capability', 'abc="ESI/1.0"']] });
  t.equal(proxy.asked[0]?.get('surrogate-capability'), 'abc="ESI/1.0", parapet="Surrogate/1.0"');
  proxy.send({ method: 'POST' });
  t.equal(proxy.asked[1]?.get('surrogate-capability'), undefined);
});

t.test('a warning of the stored response ends with its validation, save one that comes again', async (t) => {
  const warned: OriginResponse = { ...tagged, fields: [...tagged.fields!, ['warning', '110 a "stale"']] };
  for (const again of [[], [['warning', '214 a "changed"']]] as [string, string][][]) {
    const proxy = new FakeProxy(validating(again, warned));
    t.equal(proxy.send().get('warning'), '110 a "stale"');
    proxy.advance(61);
    t.equal(proxy.send().get('warning'), again[0]?.[1]);
  }
});
