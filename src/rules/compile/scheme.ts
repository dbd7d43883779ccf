/** What expressions may name: the tables of src/rules/scheme, or the fields of log records. */
import { nearestName } from '../../lib/edit-distance.ts';
import type { FieldType } from '../protocol.ts';
import { functions } from '../scheme/functions.ts';
import { laterFields, laterFunctions } from '../scheme/later.ts';
import { type FieldRow, lowerCaseMaps, requestFields } from '../scheme/request.ts';
import { responseFields } from '../scheme/response.ts';
import { Fault, type Span } from './ast.ts';

export interface SchemeField {
  readonly type: FieldType;
  readonly isOptional: boolean;
  /** The row of a request field, which knows its source of bytes. */
  readonly row?: FieldRow;
}

/** `requestScheme`, or `recordScheme(fields)`. */
export interface Scheme {
  readonly name: string;
  readonly fields: ReadonlyMap<string, SchemeField>;
  /** Names of the language that are not there yet. */
  readonly later: ReadonlySet<string>;
  /** Names that expressions elsewhere may use. */
  readonly elsewhere: ReadonlySet<string>;
  /** Maps whose keys are all lower case. */
  readonly lowerCaseMaps: ReadonlySet<string>;
  /** Whether it is known where clients are. */
  readonly hasPlaces: boolean;
}

function schemeFields(rows: Readonly<Record<string, FieldRow>>): [string, SchemeField][] {
  return Object.entries(rows).map(([name, row]) => [
    name,
    { type: row.type, isOptional: row.isOptional ?? false, row },
  ]);
}

export const requestScheme: Scheme = {
  name: 'request',
  fields: new Map(schemeFields(requestFields)),
  later: laterFields,
  elsewhere: new Set(Object.keys(responseFields)),
  lowerCaseMaps,
  hasPlaces: false,
};

/** Where the origin has answered. */
export const responseScheme: Scheme = {
  name: 'response',
  fields: new Map([...requestScheme.fields, ...schemeFields(responseFields)]),
  later: laterFields,
  elsewhere: new Set(),
  lowerCaseMaps,
  hasPlaces: false,
};

/** The same where the config names databases of places. */
export const withPlaces = (scheme: Scheme): Scheme => ({ ...scheme, hasPlaces: true });

/** Any field of a record may be nil. */
export function recordScheme(types: ReadonlyMap<string, FieldType>): Scheme {
  const fields = [...types].map(([name, type]): [string, SchemeField] => [name, { type, isOptional: true }]);
  const none = new Set<string>();
  return {
    name: 'record',
    fields: new Map(fields),
    later: none,
    elsewhere: none,
    lowerCaseMaps: none,
    hasPlaces: false,
  };
}

// edge.* is another name for cf.* (rules.md, choices of our own: 6); cf.edge.* does not need its "edge" twice.
function canonical(scheme: Scheme, name: string): string {
  if (!name.startsWith('edge.')) return name;
  return scheme.fields.has(`cf.${name}`) || scheme.later.has(`cf.${name}`)
    ? `cf.${name}`
    : `cf.${name.slice(5)}`;
}

export function findField(scheme: Scheme, span: Span, written: string): { name: string; field: SchemeField } {
  const own = scheme.fields.get(written);
  if (own?.row?.isPlace === true && !scheme.hasPlaces) {
    const expected = 'geo: { databases: [GeoLite2-Country.mmdb] } at the top of the config names one';
    throw new Fault(span, `the field "${written}" needs a database of countries`, expected);
  }
  if (own !== undefined) return { name: written, field: own };
  const name = canonical(scheme, written);
  const field = scheme.fields.get(name);
  if (field !== undefined) return { name, field };
  if (scheme.elsewhere.has(name)) {
    const where = 'http_response_cache_settings can name it';
    throw new Fault(
      span,
      `the field "${written}" is not known in this phase: there is no response yet`,
      where,
    );
  }
  if (scheme.later.has(name)) throw new Fault(span, `the field "${written}" is not available yet`);
  if (Object.hasOwn(functions, written) || written === 'any' || written === 'all') {
    throw new Fault(span, `"${written}" is a function, and wants arguments`, `${written}(...)`);
  }
  const near = nearestName(name, [...scheme.fields.keys(), ...scheme.later]);
  throw new Fault(span, `unknown field "${written}"`, didYouMean(near ?? gluedOperator(scheme, written)));
}

// "notssl" and "not ssl".
function gluedOperator(scheme: Scheme, written: string): string | undefined {
  const rest = written.startsWith('not') ? written.slice(3) : '';
  return scheme.fields.has(rest) ? `not ${rest}` : undefined;
}

export function unknownFunction(span: Span, name: string): Fault {
  if (laterFunctions.has(name)) return new Fault(span, `the function "${name}" is not available yet`);
  const near = nearestName(name, ['any', 'all', ...Object.keys(functions), ...laterFunctions]);
  return new Fault(span, `unknown function "${name}"`, didYouMean(near));
}

export function didYouMean(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `did you mean "${name}"?`;
}
