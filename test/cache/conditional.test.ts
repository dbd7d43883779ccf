import t from 'tap';
import { condition, judgeConditions, rangeMayApply } from '../../src/cache/conditional.ts';
import { Arena } from '../../src/engine/arena.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { formatHttpDate } from '../../src/lib/http-date.ts';
import { FakeEngine, type Fields } from '../support/fake-engine.ts';

const now = 1_800_000_000;
const { none, notModified, failed } = condition;

function views(method: string, request: Fields, response: Fields): [HeadView, HeadView] {
  const engine = new FakeEngine();
  engine.begin();
  const arena = new Arena(engine.memory);
  return [
    new HeadView(arena).reset(engine.request({ method, fields: request })),
    new HeadView(arena).reset(engine.response({ status: 200, fields: response })),
  ];
}

function judge(request: Fields, response: Fields, method = 'GET', storedAt = now - 100): number {
  const [asked, stored] = views(method, request, response);
  return judgeConditions(asked, stored, storedAt, now);
}

const at = (seconds: number): string => formatHttpDate(now + seconds);
const tagged: Fields = [
  ['etag', '"a"'],
  ['last-modified', at(-3000)],
  ['date', at(-100)],
];

t.test('the order of RFC 9110 13.2.2', async (t) => {
  const rows: [string, Fields, Fields, number][] = [
    ['nothing asked', [], tagged, none],
    ['If-None-Match, the same', [['if-none-match', '"a"']], tagged, notModified],
    ['If-None-Match, weakly the same', [['if-none-match', 'W/"a"']], tagged, notModified],
    ['If-None-Match, another', [['if-none-match', '"b"']], tagged, none],
    [
      'If-None-Match, one of several lines',
      [
        ['if-none-match', '"b"'],
        ['if-none-match', '"c", "a"'],
      ],
      tagged,
      notModified,
    ],
    ['If-None-Match: *', [['if-none-match', '*']], [], notModified],
    ['If-None-Match of what has no tag', [['if-none-match', '"a"']], [], none],
    [
      'If-None-Match before If-Modified-Since',
      [
        ['if-none-match', '"b"'],
        ['if-modified-since', at(0)],
      ],
      tagged,
      none,
    ],
    [
      'and the other way',
      [
        ['if-none-match', '"a"'],
        ['if-modified-since', at(-9999)],
      ],
      tagged,
      notModified,
    ],
    ['If-Modified-Since, the same', [['if-modified-since', at(-3000)]], tagged, notModified],
    ['If-Modified-Since, later', [['if-modified-since', at(-2000)]], tagged, notModified],
    ['If-Modified-Since, before', [['if-modified-since', at(-3001)]], tagged, none],
    ['If-Modified-Since, no date', [['if-modified-since', 'foo']], tagged, none],
    [
      'If-Modified-Since, no Last-Modified: Date',
      [['if-modified-since', at(-100)]],
      [['date', at(-100)]],
      notModified,
    ],
    [
      'If-Modified-Since, no Date either: the time of receipt',
      [['if-modified-since', at(-100)]],
      [],
      notModified,
    ],
    ['and before it', [['if-modified-since', at(-101)]], [], none],
    ['If-Match, the same', [['if-match', '"a"']], tagged, none],
    ['If-Match, another', [['if-match', '"b"']], tagged, failed],
    ['If-Match of a weak tag', [['if-match', 'W/"a"']], [['etag', 'W/"a"']], failed],
    ['If-Match: *', [['if-match', '*']], [], none],
    [
      'If-Match met, then If-None-Match',
      [
        ['if-match', '"a"'],
        ['if-none-match', '"a"'],
      ],
      tagged,
      notModified,
    ],
    ['If-Unmodified-Since, unchanged', [['if-unmodified-since', at(-3000)]], tagged, none],
    ['If-Unmodified-Since, changed', [['if-unmodified-since', at(-3001)]], tagged, failed],
    ['If-Unmodified-Since, unknown', [['if-unmodified-since', at(-3001)]], [], none],
    [
      'If-Match before If-Unmodified-Since',
      [
        ['if-match', '"a"'],
        ['if-unmodified-since', at(-9999)],
      ],
      tagged,
      none,
    ],
  ];
  for (const [name, request, response, expected] of rows) t.equal(judge(request, response), expected, name);
  t.equal(judge([['if-none-match', '"a"']], tagged, 'HEAD'), notModified);
  t.equal(judge([['if-none-match', '"a"']], tagged, 'PUT'), failed, 'RFC 9110 13.1.2');
  t.equal(judge([['if-modified-since', at(0)]], tagged, 'PUT'), none);
});

t.test('If-Range is met to the letter', async (t) => {
  const rows: [string, Fields, Fields, boolean][] = [
    ['none', [], tagged, true],
    ['the same tag', [['if-range', '"a"']], tagged, true],
    ['another tag', [['if-range', '"b"']], tagged, false],
    ['a weak tag', [['if-range', 'W/"a"']], [['etag', 'W/"a"']], false],
    ['the same date', [['if-range', at(-3000)]], tagged, true],
    ['a later date', [['if-range', at(-2999)]], tagged, false],
    [
      'a day that begins like a weak tag',
      [['if-range', 'Wed, 01 Jan 2020 00:00:00 GMT']],
      [['last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT']],
      true,
    ],
    ['no date', [['if-range', at(0)]], [], false],
  ];
  for (const [name, request, response, expected] of rows) {
    t.equal(rangeMayApply(...views('GET', request, response)), expected, name);
  }
});
