import t from 'tap';
import { controlSource, ResponseControl, readRequestControl } from '../../src/cache/control.ts';
import { Arena } from '../../src/engine/arena.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { absent, Directives, directive } from '../../src/lib/cache-control.ts';
import { formatHttpDate } from '../../src/lib/http-date.ts';
import { FakeEngine, type Fields } from '../support/fake-engine.ts';

const now = 1_800_000_000;

function heads(...all: Fields[]): HeadView[] {
  const engine = new FakeEngine();
  engine.begin();
  const arena = new Arena(engine.memory);
  return all.map((fields) => new HeadView(arena).reset(engine.response({ status: 200, fields })));
}

function read(fields: Fields, older?: Fields): ResponseControl {
  const [head, stored] = heads(fields, older ?? []);
  return new ResponseControl().read(head!, older === undefined ? undefined : stored, now);
}

t.test('explicit freshness by its precedence', async (t) => {
  const rows: [string, Fields, number][] = [
    ['nothing', [], absent],
    ['max-age', [['cache-control', 'max-age=60']], 60],
    ['s-maxage before max-age', [['cache-control', 'max-age=60, s-maxage=5']], 5],
    ['an invalid value is stale', [['cache-control', 'max-age=x']], 0],
    ['Expires', [['expires', formatHttpDate(now + 100)]], 100],
    [
      'Expires against Date',
      [
        ['expires', formatHttpDate(now + 100)],
        ['date', formatHttpDate(now + 40)],
      ],
      60,
    ],
    ['Expires in the past', [['expires', formatHttpDate(now - 100)]], 0],
    ['an invalid Expires', [['expires', '0']], 0],
    [
      'an invalid Date is the time of receipt',
      [
        ['expires', formatHttpDate(now + 100)],
        ['date', 'foo'],
      ],
      100,
    ],
    [
      'max-age before Expires',
      [
        ['cache-control', 'max-age=60'],
        ['expires', '0'],
      ],
      60,
    ],
    [
      'CDN-Cache-Control before Cache-Control and Expires',
      [
        ['cdn-cache-control', 'max-age=7'],
        ['cache-control', 'no-store, max-age=60'],
        ['expires', formatHttpDate(now + 100)],
      ],
      7,
    ],
    [
      'the own targeted field before CDN-Cache-Control',
      [
        ['cdn-cache-control', 'max-age=7'],
        ['parapet-cache-control', 'max-age=8'],
        ['cloudflare-cdn-cache-control', 'max-age=9'],
      ],
      8,
    ],
    ['the alias of the own field', [['cloudflare-cdn-cache-control', 'max-age=9']], 9],
    [
      'a targeted field that is no dictionary is as good as absent',
      [
        ['cdn-cache-control', 'max-age=7, &&&'],
        ['cache-control', 'max-age=60'],
      ],
      60,
    ],
    [
      'an empty targeted field too',
      [
        ['cdn-cache-control', ''],
        ['cache-control', 'max-age=60'],
      ],
      60,
    ],
    [
      'and one whose value has the wrong type',
      [
        ['cdn-cache-control', 'max-age="7"'],
        ['cache-control', 'max-age=60'],
      ],
      60,
    ],
    [
      'a targeted field without freshness leaves none',
      [
        ['cdn-cache-control', 'foo'],
        ['cache-control', 'max-age=60'],
      ],
      absent,
    ],
    [
      'Surrogate-Control before Cache-Control',
      [
        ['surrogate-control', 'max-age=5'],
        ['cache-control', 'max-age=60'],
      ],
      5,
    ],
    [
      'Surrogate-Control for another one leaves Expires',
      [
        ['surrogate-control', 'max-age=5;other'],
        ['cache-control', 'max-age=60'],
        ['expires', formatHttpDate(now + 9)],
      ],
      9,
    ],
    ['Surrogate-Control for this one', [['surrogate-control', 'max-age=5+10;parapet, max-age=1;other']], 5],
  ];
  for (const [name, fields, seconds] of rows) t.equal(read(fields).explicitSeconds, seconds, name);
});

t.test('directives of a targeted field', async (t) => {
  const control = read([
    ['cdn-cache-control', 'no-store=?0, must-revalidate, private="a, B", stale-if-error=5, max-age=-1'],
    ['cache-control', 'no-store'],
  ]);
  t.equal(control.source, controlSource.targeted);
  t.notOk(control.directives.has(directive.noStore));
  t.ok(control.directives.has(directive.mustRevalidate));
  t.ok(control.directives.has(directive.privateFields));
  t.same(control.qualifiedNames('private'), ['a', 'b']);
  t.equal(control.directives.staleIfError, 5);
  t.equal(control.explicitSeconds, 0, 'a negative value is stale');
});

t.test('lines add up', async (t) => {
  const control = read([
    ['cache-control', 'no-cache="a"'],
    ['cache-control', 'max-age=60, private=x'],
  ]);
  t.equal(control.explicitSeconds, 60);
  t.same(control.qualifiedNames('no-cache'), ['a']);
  t.same(control.qualifiedNames('private'), ['x']);
});

t.test('Age: the first member counts, what is no number is ignored', async (t) => {
  const rows: [Fields, number][] = [
    [[], 0],
    [[['age', '7200']], 7200],
    [[['age', '0, 7200']], 0],
    [[['age', '7200, 0']], 7200],
    [
      [
        ['age', '0'],
        ['age', '7200'],
      ],
      0,
    ],
    [[['age', '2147483649']], 2_147_483_647],
    [[['age', 'abc']], 0],
    [[['age', '-7200']], 0],
    [[['age', '7200.0']], 0],
    [[['age', '']], 0],
  ];
  for (const [fields, seconds] of rows) t.equal(read(fields).ageSeconds, seconds, JSON.stringify(fields));
});

t.test('what a 304 does not carry is taken from the stored head', async (t) => {
  const older: Fields = [
    ['cache-control', 'max-age=60'],
    ['last-modified', formatHttpDate(now - 500)],
    ['date', formatHttpDate(now - 400)],
    ['age', '300'],
  ];
  const kept = read([], older);
  t.equal(kept.explicitSeconds, 60);
  t.equal(kept.dateSeconds, now, 'but never its Date');
  t.equal(kept.ageSeconds, 0, 'nor its Age');
  t.equal(kept.lastModifiedSeconds(now), now - 500);
  t.equal(read([['cache-control', 'max-age=5']], older).explicitSeconds, 5);
});

t.test('directives of a request', async (t) => {
  const of = (fields: Fields): Directives => readRequestControl(new Directives(), heads(fields)[0]!);
  t.ok(of([['cache-control', 'no-cache']]).has(directive.noCache));
  t.ok(of([['pragma', 'No-Cache']]).has(directive.noCache), 'Pragma where there is no Cache-Control');
  t.notOk(
    of([
      ['pragma', 'no-cache'],
      ['cache-control', 'max-age=5'],
    ]).has(directive.noCache),
    'and not where there is one',
  );
  t.notOk(of([['pragma', 'foo']]).isPresent);
});
