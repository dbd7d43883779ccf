/**
 * The settings of caching that a zone has and rules change, in the words of the API (`set_cache_settings`): their schema,
 * from which comes the plain data that stands in a snapshot. What the schema cannot say is in `check-cache-settings.ts`.
 */
import {
  count,
  flag,
  list,
  named,
  notYet,
  oneOf,
  optional,
  type Static,
  seconds,
  section,
  text,
} from './schema.ts';

const statusCode = (description: string) => optional(count({ minimum: 100, maximum: 999, description }));

const statusCodeTtl = section(
  {
    status_code: statusCode('The status.'),
    status_code_range: optional(
      section(
        {
          from: statusCode('First status of the range; without it the lowest.'),
          to: statusCode('Last status of the range; without it the highest.'),
        },
        { description: 'Statuses from one to another; both belong to it.' },
      ),
    ),
    value: count({
      minimum: -1,
      expected: 'a whole number of seconds, 0 for no-cache, or -1 for no-store',
      description: 'Seconds that such a response is fresh; 0: stored and always validated, -1: not stored.',
    }),
  },
  { description: 'Freshness by status: `status_code` or `status_code_range`, and `value`.' },
);

const edgeTtl = section(
  {
    mode: oneOf(['respect_origin', 'override_origin', 'bypass_by_default'], {
      default: 'respect_origin',
      description:
        'Whose word counts: `respect_origin` that of the response, `override_origin` that of `default` whatever the response says, `bypass_by_default` that of the response, and one that names no freshness is not stored.',
    }),
    default: optional(
      seconds({
        description:
          'Seconds: with `override_origin` for every response that can be stored by its status, with `respect_origin` for one that names none.',
      }),
    ),
    status_code_ttl: list(statusCodeTtl, {
      default: [],
      description: 'Freshness by status, whatever the response says. One status goes before a range.',
    }),
  },
  { description: 'How long a response is fresh in this cache.' },
);

const browserTtl = section(
  {
    mode: oneOf(['respect_origin', 'override_origin', 'bypass_by_default', 'bypass'], {
      default: 'respect_origin',
      description:
        'What the outgoing Cache-Control says: `respect_origin` what the origin said, `override_origin` max-age of `default`, `bypass_by_default` no-store where the origin said nothing, `bypass` always no-store.',
    }),
    default: optional(
      seconds({
        description:
          'Seconds: with `override_origin` for every response, with `respect_origin` for one that says nothing.',
      }),
    ),
  },
  { description: 'How long browsers keep a response. Changes the outgoing Cache-Control and nothing else.' },
);

const arguments_ = (description: string) =>
  optional(
    section(
      {
        all: optional(flag({ description: 'All of them; so does `"*"` in place of this mapping.' })),
        list: optional(list(text({ description: 'Name of an argument.' }), { description: 'Those named.' })),
      },
      {
        description,
        fromText: (given) => (given === '*' ? { all: true } : undefined),
        textPattern: '^\\*$',
      },
    ),
  );

const names = (item: string, description: string) =>
  optional(list(text({ description: item }), { description }));

const customKey = section(
  {
    query_string: optional(
      section(
        {
          include: arguments_('The arguments of the query that are part of the key; others are not.'),
          exclude: arguments_('The arguments of the query that are no part of the key; others are.'),
        },
        { description: 'What of the query is part of the key: `include` or `exclude`. Default: all.' },
      ),
    ),
    header: optional(
      section(
        {
          include: names('Name of a field.', 'Request fields whose values are part of the key.'),
          check_presence: names(
            'Name of a field.',
            'Request fields of which the key only tells whether they are there.',
          ),
          contains: optional(
            named(
              list(text({ description: 'A text.' }), { minItems: 1, description: 'One to three texts.' }),
              {
                description: 'Request fields of which the key tells which of these texts they contain.',
              },
            ),
          ),
          exclude_origin: optional(
            flag({
              description: 'Origin is no part of the key; it is by default, where the request has it.',
            }),
          ),
        },
        { description: 'What of the request fields is part of the key.' },
      ),
    ),
    cookie: optional(
      section(
        {
          include: names('Name of a cookie.', 'Cookies whose values are part of the key.'),
          check_presence: names(
            'Name of a cookie.',
            'Cookies of which the key only tells whether they are there.',
          ),
        },
        { description: 'What of the cookies is part of the key.' },
      ),
    ),
    host: optional(
      section(
        {
          resolved: optional(
            flag({
              description: 'The Host that the origin gets stands in the key, not that of the request.',
            }),
          ),
        },
        { description: 'Which host is part of the key.' },
      ),
    ),
    user: optional(
      section(
        {
          device_type: optional(flag({ description: 'mobile, tablet or desktop, by User-Agent.' })),
          geo: optional(
            flag({
              description:
                'The country of the client, as the databases of `geo` know it (ISO 3166-1 alpha-2); XX where they do not.',
            }),
          ),
          lang: optional(flag({ description: 'The first language of Accept-Language, without its region.' })),
        },
        { description: 'What of the client is part of the key.' },
      ),
    ),
  },
  { description: 'Further parts of the key, or fewer.' },
);

const cacheKey = section(
  {
    ignore_query_strings_order: optional(
      flag({ description: 'The arguments of the query are sorted by name for the key.' }),
    ),
    cache_deception_armor: optional(
      flag({
        description:
          'A response whose Content-Type does not fit the extension of the path is not stored, whatever else is said.',
      }),
    ),
    cache_by_device_type: optional(
      flag({ description: 'mobile, tablet or desktop is part of the key, by User-Agent.' }),
    ),
    custom_key: optional(customKey),
  },
  { description: 'What tells stored responses apart.' },
);

const varyAction = oneOf(['normalize', 'passthrough', 'bypass'], {
  default: 'bypass',
  description:
    '`normalize`: by a normal form of the value, which the origin gets too; `passthrough`: by the value as it came; `bypass`: not stored.',
});

const varyHeader = section(
  {
    action: varyAction,
    media_types: names(
      'A media type.',
      'With `normalize`, for accept: those that count, at most 10; others are taken out.',
    ),
    languages: names(
      'A language without region.',
      'With `normalize`, for accept-language: those that count, at most 20; others are taken out.',
    ),
  },
  { description: 'What becomes of a response that varies on this field.' },
);

const vary = section(
  {
    default: section(
      { action: oneOf(['passthrough', 'bypass'], { default: 'bypass', description: 'See `headers`.' }) },
      { default: {}, description: 'For fields that `headers` does not name.' },
    ),
    headers: named(varyHeader, { default: {}, description: 'By name of the request field.' }),
  },
  {
    description: 'What becomes of responses with Vary. Of mode `cdn` alone; without it RFC 9111 4.1 decides.',
  },
);

const serveStale = section(
  {
    disable_stale_while_updating: optional(
      flag({ description: 'A stale response is not served while it is validated; requests wait.' }),
    ),
    s_maxage_allows_stale: optional(
      flag({
        description:
          's-maxage stands for proxy-revalidate (RFC 9111 5.2.2.10), which forbids stale responses. With it stale-while-revalidate and stale-if-error hold beside s-maxage.',
      }),
    ),
  },
  { description: 'When a stale response may be served.' },
);

const rangeRequests = section(
  {
    mode: oneOf(['on', 'off', 'default'], {
      description:
        '`on` asks the origin for what may be stored in slices of `sliceBytes`, each stored on its own: what no client asks for is not fetched. An origin that ignores ranges is used as it is. `default` leaves it as it was, off at first.',
    }),
  },
  { description: 'Whether large responses are fetched and stored in slices.' },
);

const sharedDictionary = section(
  {
    match_pattern: text({
      description:
        'The URLs that it may be used for: a URL pattern without regular expressions, for URLs of its own scheme and host.',
    }),
  },
  {
    description:
      'A response with status 200 is a compression dictionary (RFC 9842): it gets `Use-As-Dictionary`, unless the origin has sent that.',
  },
);

/** Keys that a zone and a rule have alike. */
export const cacheSettingsKeys = {
  edge_ttl: optional(edgeTtl),
  browser_ttl: optional(browserTtl),
  cache_key: optional(cacheKey),
  serve_stale: optional(serveStale),
  vary: optional(vary),
  origin_cache_control: optional(
    flag({
      description:
        'Whether Cache-Control is obeyed to the letter (default: true). Without it a response with no-cache or max-age=0 is not stored, must-revalidate does not forbid to serve stale, and a response with Set-Cookie is stored without it.',
    }),
  ),
  respect_strong_etags: optional(
    flag({ description: 'Strong entity tags are kept. They always are: no body is changed.' }),
  ),
  origin_error_page_passthru: optional(
    flag({ description: 'Error pages of the origin are passed on. They always are.' }),
  ),
  additional_cacheable_ports: optional(
    list(count({ minimum: 1, maximum: 65535, description: 'A port.' }), {
      description: 'Further ports whose responses are stored. Those of all ports are.',
    }),
  ),
  read_timeout: optional(
    seconds({
      minimum: 1,
      maximum: 6000,
      description:
        'How long the origin may take before each read of its response, the first included, in place of `timeouts` of the origin. Then: 504, or a truncated response where its head had been sent.',
    }),
  ),
  origin_range_requests: optional(rangeRequests),
  cache_reserve: notYet(),
  shared_dictionary: optional(sharedDictionary),
};

const wholeSettings = section(cacheSettingsKeys, { description: '' });

/** Settings that a rule or a zone names; what is not there stays as it is. */
export type CacheSettingsChange = Static<typeof wholeSettings> & {
  /** Whether the request is eligible; undefined: the mode of the zone decides. Of rules alone. */
  cache?: boolean;
};
export type EdgeTtl = NonNullable<CacheSettingsChange['edge_ttl']>;
export type BrowserTtl = NonNullable<CacheSettingsChange['browser_ttl']>;
export type CacheKeySettings = NonNullable<CacheSettingsChange['cache_key']>;
export type CustomKey = NonNullable<CacheKeySettings['custom_key']>;
export type VarySettings = NonNullable<CacheSettingsChange['vary']>;

/** Settings with a change on top: the last word counts for each, within `cache_key` for each of its parts. */
export function mergeSettings<T extends CacheSettingsChange>(settings: T, change: CacheSettingsChange): T {
  const merged = { ...settings, ...change };
  if (change.origin_range_requests?.mode === 'default' && settings.origin_range_requests !== undefined)
    merged.origin_range_requests = settings.origin_range_requests;
  if (settings.cache_key === undefined || change.cache_key === undefined) return merged;
  const custom_key = { ...settings.cache_key.custom_key, ...change.cache_key.custom_key };
  return { ...merged, cache_key: { ...settings.cache_key, ...change.cache_key, custom_key } };
}
