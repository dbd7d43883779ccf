/**
 * What the record of an address tells of its place, in each of the shapes that databases of countries have: a mapping
 * `country` with `iso_code` (MaxMind, DB-IP), or flat codes (`country_code`, `continent_code`).
 */

export interface Place {
  /** ISO 3166-1 alpha-2, or what the database has in its place (`T1`: Tor); `XX`: it is not known. */
  readonly country: string;
  /** `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA` or `T1`; empty: it is not known. */
  readonly continent: string;
  readonly isInEuropeanUnion: boolean;
}

export const nowhere: Place = { country: 'XX', continent: '', isInEuropeanUnion: false };

/** Members in 2026, for databases that do not tell it. */
const members: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' '),
);
const tor = 'T1';

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** Two letters, or a letter and a digit, in upper case; undefined: it is no code. */
function code(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9]$/.test(value) ? value.toUpperCase() : undefined;
}

/** undefined: the record tells neither country nor continent. */
export function placeOf(record: unknown): Place | undefined {
  const mapping = member(record, 'country');
  const iso = code(member(mapping, 'iso_code'));
  const country = iso ?? code(member(record, 'country_code')) ?? code(mapping);
  const continent =
    country === tor
      ? tor
      : (code(member(member(record, 'continent'), 'code')) ?? code(member(record, 'continent_code')));
  if (country === undefined && continent === undefined) return undefined;
  const isInEuropeanUnion =
    iso === undefined
      ? country !== undefined && members.has(country)
      : member(mapping, 'is_in_european_union') === true;
  return {
    country: country ?? nowhere.country,
    continent: continent ?? nowhere.continent,
    isInEuropeanUnion,
  };
}
