/** The parts of cache settings by themselves: queries, devices, languages, types, times, normal forms. */
import t from 'tap';
import { browserControl } from '../../src/cache/browser-ttl.ts';
import { Caching } from '../../src/cache/caching.ts';
import { deviceType, firstLanguage } from '../../src/cache/client.ts';
import { fitsExtension } from '../../src/cache/deception.ts';
import { edgeTtl, overridingTtl } from '../../src/cache/edge-ttl.ts';
import { defaultCacheSettings } from '../../src/cache/protocol.ts';
import { QueryPlan } from '../../src/cache/query.ts';
import { VaryPlan } from '../../src/cache/vary-plan.ts';
import type { CacheKeySettings, EdgeTtl } from '../../src/lib/cache-settings.ts';
import { limits } from '../../src/lib/limits.ts';

const query = (settings: CacheKeySettings, text: string) => QueryPlan.of(settings)?.apply(text);
const chosen = (query_string: object): CacheKeySettings => ({ custom_key: { query_string } });

t.test('the query as it is part of the key', async (t) => {
  t.equal(QueryPlan.of({}), undefined, 'as it came');
  t.equal(QueryPlan.of(chosen({ include: { all: true } })), undefined);
  const sorted = { ignore_query_strings_order: true };
  t.equal(query(sorted, 'b=2&a=1'), 'a=1&b=2');
  t.equal(query(sorted, 'b=2&a=2&a=1&&'), 'a=2&a=1&b=2', 'values of one name keep their order');
  const exclude = chosen({ exclude: { list: ['utm_source'] } });
  t.equal(query(exclude, 'utm_source=x&id=1'), 'id=1');
  t.equal(query(exclude, '%75tm_source=x&id=1'), 'id=1', 'however its name is written');
  t.equal(query(exclude, 'utm_source=x'), '');
  t.equal(query(chosen({ exclude: { all: true } }), 'a=1;b'), '');
  const include = chosen({ include: { list: ['id', 'a b'] } });
  t.equal(query(include, 'x=1&id=2&id&ID=3'), 'id=2&id');
  t.equal(query(include, '%69d=2&a+b=1'), '%69d=2&a+b=1');
  t.equal(query(include, 'x=1;id=2'), 'x=1;id=2', 'what an origin may read in two ways counts whole');
  const many = Array.from({ length: limits.queryArgumentsMax + 1 }, (_, index) => `z${index}=1`).join('&');
  t.equal(query(sorted, many), many, 'more arguments than are looked at count as they came');
});

t.test('devices and languages', async (t) => {
  const agents: [string, string][] = [
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148', 'mobile'],
    ['Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120 Mobile Safari/537.36', 'mobile'],
    ['Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148', 'tablet'],
    ['Mozilla/5.0 (Linux; Android 14; SM-X900) Chrome/120 Safari/537.36', 'tablet'],
    ['Mozilla/5.0 (X11; Linux x86_64) Chrome/120 Safari/537.36', 'desktop'],
    ['', 'desktop'],
  ];
  for (const [agent, type] of agents) t.equal(deviceType(agent), type, agent);
  t.equal(firstLanguage('de-AT,en;q=0.5'), 'de');
  t.equal(firstLanguage(' EN'), 'en');
  t.equal(firstLanguage('*'), '');
  t.equal(firstLanguage('notalanguage'), '');
});

t.test('what a path may be by its extension', async (t) => {
  const rows: [string, string | undefined, boolean][] = [
    ['css', 'text/css; charset=utf-8', true],
    ['css', 'text/html', false],
    ['css', undefined, false],
    ['css', 'application/octet-stream', true],
    ['jpg', 'image/webp', true],
    ['gif', 'video/webm', true],
    ['jpg', 'video/webm', false],
    ['js', 'TEXT/JavaScript', true],
    ['js', 'text/html', false],
    ['pdf', 'text/html', false],
    ['zip', 'application/x-zip-compressed', true],
    ['zip', 'application/json', false],
    ['woff2', 'application/font-woff2', true],
    ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', true],
    ['php', 'text/html', true],
    ['', 'text/html', true],
  ];
  for (const [extension, type, fits] of rows)
    t.equal(fitsExtension(extension, type), fits, `${extension} ${type}`);
});

t.test('edge_ttl: a status goes before a range, both before the default', async (t) => {
  const edge: EdgeTtl = {
    mode: 'override_origin',
    default: 60,
    status_code_ttl: [
      { status_code_range: { from: 400, to: 499 }, value: 10 },
      { status_code_range: { from: 500 }, value: -1 },
      { status_code: 404, value: 0 },
    ],
  };
  t.equal(overridingTtl(edge, 200, false, true), 60);
  t.equal(overridingTtl(edge, 302, false, false), edgeTtl.silent, 'a status without a default');
  t.equal(overridingTtl(edge, 404, false, true), edgeTtl.noCache);
  t.equal(overridingTtl(edge, 403, false, false), 10);
  t.equal(overridingTtl(edge, 503, false, false), edgeTtl.noStore);
  t.equal(overridingTtl(edge, 200, true, true), 60, 'a 304 has the time of the 200');
  const own = { ...edge, status_code_ttl: [{ status_code: 304, value: 5 }] };
  t.equal(overridingTtl(own, 200, true, true), 5);
  t.equal(overridingTtl(own, 200, false, true), 60);
  t.equal(overridingTtl({ ...edge, mode: 'respect_origin' }, 200, false, true), edgeTtl.silent);
});

t.test('browser_ttl changes what concerns browsers, and no more', async (t) => {
  const override = { mode: 'override_origin', default: 30 } as const;
  t.equal(
    browserControl(override, 200, 'public, max-age=600, no-transform', false),
    'public, no-transform, max-age=30',
  );
  t.equal(browserControl(override, 200, 'no-store', false), 'max-age=30');
  t.equal(browserControl(override, 200, 'private="a, b", max-age=1', false), 'private="a, b", max-age=30');
  t.equal(browserControl(override, 404, 'max-age=600', false), undefined, 'an error keeps its own');
  const respect = { mode: 'respect_origin', default: 30 } as const;
  t.equal(browserControl(respect, 200, undefined, false), 'max-age=30');
  t.equal(browserControl(respect, 200, undefined, true), undefined);
  t.equal(browserControl({ mode: 'respect_origin' }, 200, undefined, false), undefined);
  t.equal(browserControl({ mode: 'bypass' }, 200, 'max-age=600', false), 'no-store');
  t.equal(browserControl({ mode: 'bypass_by_default' }, 200, undefined, false), 'no-store');
  t.equal(browserControl({ mode: 'bypass_by_default' }, 200, 'max-age=1', false), undefined);
});

t.test('vary: normal forms, and what may not be stored', async (t) => {
  const plan = new VaryPlan({
    default: { action: 'bypass' },
    headers: {
      Accept: { action: 'normalize', media_types: ['image/webp', 'image/avif', 'text/html'] },
      'accept-language': { action: 'normalize' },
      'x-raw': { action: 'passthrough' },
    },
  });
  const normal = (name: string, value: string) =>
    plan.normalised.find((one) => one.name === name)?.normalise(value);
  t.equal(
    normal('accept', 'Text/HTML;level=1, image/webp;q=0.8 , application/xml, image/avif;q=0'),
    'text/html,image/webp,image/avif;q=0',
  );
  t.equal(normal('accept-language', 'en-US, en;q=0.9, de-AT;q=0.95, *;q=0'), 'en,de,*;q=0');
  t.equal(normal('accept', 'application/xml'), '');
  t.equal(plan.refused(['accept', 'x-raw']), undefined);
  t.equal(plan.refused(['accept', 'user-agent']), 'user-agent');
  t.equal(
    new VaryPlan({ default: { action: 'passthrough' }, headers: {} }).refused(['user-agent']),
    undefined,
  );
});

t.test('settings of rules go on top, and each combination is made once', async (t) => {
  const zone = new Caching({ ...defaultCacheSettings, cache_key: { cache_deception_armor: true } });
  t.equal(zone.key, undefined, 'armor does not change the key');
  t.ok(zone.isPlain);
  const byDevice = { cache_key: { cache_by_device_type: true } };
  const one = zone.with(byDevice);
  t.equal(zone.with(byDevice), one);
  t.same(one.settings.cache_key, {
    cache_deception_armor: true,
    cache_by_device_type: true,
    custom_key: {},
  });
  t.notOk(one.isPlain);
  const last = one.with({ cache: true }).with({ cache: false });
  t.equal(last.settings.cache, false, 'the last word counts');
  let made = zone;
  for (let index = 0; index < limits.cacheSettingsMax * 2; index += 1) made = zone.with({ cache: true });
  t.not(zone.with({ cache: true }), made, 'beyond a limit they are made, and not kept');
  t.equal(made.settings.cache, true);
});
