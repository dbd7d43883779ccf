/**
 * The cases of the suite that Parapet does not pass, each with its kind and the reason. A case that is not here has to
 * pass; one that is here and passes is a fault of this file.
 */
import type { Kind } from './suite.ts';

export interface Expectation {
  kind: Kind;
  reason: string;
}

type Row = [reason: string, cases: Partial<Record<Kind, readonly string[]>>];

const rows: readonly Row[] = [
  [
    'Contradicts RFC 9111 5.1 and newer editions of the suite: of a list in Age the first member counts, and a value that is no number is ignored, so that the response is fresh.',
    {
      required: [
        'age-parse-dup-0',
        'age-parse-dup-0-twoline',
        'age-parse-dup-old',
        'age-parse-float',
        'age-parse-negative',
        'age-parse-nonnumeric',
        'age-parse-numeric-parameter',
        'age-parse-parameter',
        'age-parse-prefix-twoline',
      ],
    },
  ],
  [
    'No cache can pass: the origin closes the connection, and what has no field of the origin counts as cached, also the 502 that RFC 9111 4.2.4 asks for here. Newer editions of the suite ask for an answer without these fields, which this one is.',
    {
      required: [
        'stale-close-must-revalidate',
        'stale-close-no-cache',
        'stale-close-proxy-revalidate',
        'stale-close-s-maxage=2',
      ],
    },
  ],
  [
    'The title speaks of a response that is newer than the date of If-Modified-Since; RFC 9110 13.1.3 has 304 only for one that is not (RFC 9111 4.3.2 takes Date where there is no Last-Modified).',
    { optimal: ['conditional-lm-fresh-no-lm'] },
  ],
  [
    'Responses to POST are not stored: RFC 9110 9.3.3 allows it, no origin is known to ask for it, and every form would have to be judged by its Content-Location.',
    { optimal: ['method-POST'] },
  ],
  [
    'The origin of the suite announces bytes 4-9, which are six, and sends five (RFC 9110 14.4): such a response is not stored.',
    {
      optimal: [
        'partial-store-partial-reuse-partial',
        'partial-store-partial-reuse-partial-absent',
        'partial-store-partial-reuse-partial-byterange',
        'partial-store-partial-reuse-partial-suffix',
      ],
    },
  ],
  [
    'Asked for the last five bytes, the origin of the suite sends the first five, without a validator: nothing can be put together with them (RFC 9111 3.4), so the whole is fetched.',
    { optimal: ['partial-store-partial-complete'] },
  ],
  [
    'Variants are told apart by the selecting fields of requests (RFC 9111 4.1), not by what Content-Language says of the response: only the origin knows whether it has a better one.',
    { optimal: ['vary-normalise-lang-select'] },
  ],
  [
    'A response that is stale on arrival and has nothing to validate it by is not stored: only a request with max-stale could ever use it.',
    { check: ['ccreq-max-stale-age'] },
  ],
  [
    'RFC 9111 5.2.1.5: no-store of a request forbids storing its response, not the use of a stored one.',
    { check: ['ccreq-no-store'] },
  ],
  [
    'A request that may fill the store is sent without its conditions, which are judged against the whole response; what a client has without quotes stays so.',
    { check: ['conditional-etag-forward', 'conditional-etag-forward-unquoted'] },
  ],
  [
    'RFC 9110 8.8.3: the quotes are part of an entity tag, so a tag without them is another one, and is sent as it came.',
    {
      check: [
        'conditional-etag-quoted-respond-unquoted',
        'conditional-etag-strong-generate-unquoted',
        'conditional-etag-unquoted-respond-quoted',
      ],
    },
  ],
  [
    'The origin of the suite sends the tag in UTF-8 and its client in ISO-8859-1: the bytes differ.',
    { check: ['conditional-etag-strong-respond-obs-text'] },
  ],
  [
    'A variant that is not stored is fetched without the validators of the others (RFC 9111 4.3.1 allows both); the status 999 that the suite answers to this is no status (RFC 9110 15).',
    { check: ['conditional-etag-vary-headers-mismatch'] },
  ],
  [
    'RFC 9111 5.3: an Expires that is no date in one of the three forms of RFC 9110 5.6.7 means already expired. Newer editions of the suite ask for this, or have corrected the date.',
    {
      check: [
        'freshness-expires-32bit',
        'freshness-expires-far-future',
        'freshness-expires-invalid-1-digit-hour',
        'freshness-expires-invalid-2-digit-year',
        'freshness-expires-invalid-aest',
        'freshness-expires-invalid-date-dashes',
        'freshness-expires-invalid-multiple-lines',
        'freshness-expires-invalid-multiple-spaces',
        'freshness-expires-invalid-no-comma',
        'freshness-expires-invalid-time-periods',
        'freshness-expires-invalid-utc',
      ],
    },
  ],
  [
    'RFC 9111 4.2.1: a response with invalid freshness information is taken as stale.',
    {
      check: [
        'freshness-max-age-100a',
        'freshness-max-age-a100',
        'freshness-max-age-decimal-five',
        'freshness-max-age-decimal-zero',
      ],
    },
  ],
  [
    'RFC 9111 4.2.1: of a directive that is there twice the first counts.',
    {
      check: ['freshness-max-age-two-stale-fresh-sameline', 'freshness-max-age-two-stale-fresh-sepline'],
    },
  ],
  ['RFC 9111 4.3.5 speaks of a HEAD that is answered with 200.', { check: ['head-410-update'] }],
  [
    'RFC 9111 5.2.2.4: a response with a field that no-cache names is validated before each use, in place of being served without the field.',
    {
      check: [
        'headers-omit-headers-listed-in-Cache-Control-no-cache',
        'headers-omit-headers-listed-in-Cache-Control-no-cache-single',
      ],
    },
  ],
  [
    'A tenth of the time since Last-Modified (RFC 9111 4.2.2) is over before the request comes.',
    { check: ['heuristic-delta-10', 'heuristic-delta-30', 'heuristic-delta-5'] },
  ],
  [
    'Pragma: no-cache of a request counts where there is no Cache-Control, as clients that send it mean it (RFC 9111 5.4 leaves it open).',
    { check: ['pragma-request-no-cache'] },
  ],
  [
    'RFC 9111 4.2.4: a response of the origin, a 503 too, is no disconnection; stale-if-error or the zone has to allow it.',
    { check: ['stale-503'] },
  ],
  [
    'RFC 9111 5.5: Warning is obsolete; Cache-Status tells that a response is stale.',
    { check: ['stale-warning-become', 'stale-warning-stored'] },
  ],
];

/** By id. */
export const expectations: ReadonlyMap<string, Expectation> = new Map(
  rows.flatMap(([reason, cases]) =>
    (Object.entries(cases) as [Kind, readonly string[]][]).flatMap(([kind, ids]) =>
      ids.map((id): [string, Expectation] => [id, { kind, reason }]),
    ),
  ),
);
