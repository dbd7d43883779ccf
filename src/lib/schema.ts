/**
 * The kinds of value that a config key can have, and the only door to typebox. Each kind is one JSON Schema from which
 * come the static type, the validation, the generated `config/schema.json` and `config/reference.yaml`. A key with a
 * `default` is always there after reading, so its static type is not optional; `optional` marks those that may be absent.
 */
import Type, { type Static, type TSchema, type TUnsafe } from 'typebox';

export type { Static, TSchema };

/** What every kind takes. Descriptions are shown to operators: a sentence or two, ending with a full stop. */
export interface About<T> {
  description: string;
  default?: T;
}

/** A text in place of a mapping: what it stands for, or undefined; and a pattern that tells such a text. */
interface FromText {
  fromText?: (text: string) => unknown;
  textPattern?: string;
}

interface Range {
  minimum?: number;
  maximum?: number;
}

/** A whole number of milliseconds; the key's name ends in `Ms`. */
export function milliseconds(about: About<number> & Range) {
  return Type.Integer({
    minimum: 0,
    maximum: 2 ** 31 - 1,
    expected: 'a whole number of milliseconds',
    ...about,
  });
}

/** A whole number of seconds; the key's name ends in `Seconds`. */
export function seconds(about: About<number> & Range) {
  return Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, expected: 'a whole number of seconds', ...about });
}

/** Seconds, parts of one allowed. */
export function decimalSeconds(about: About<number> & Range) {
  return Type.Number({ minimum: 0, maximum: 2 ** 31 - 1, expected: 'seconds, such as 30 or 0.5', ...about });
}

export function count(about: About<number> & Range & { expected?: string }) {
  return Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, expected: 'a whole number', ...about });
}

export function ratio(about: About<number> & Range) {
  return Type.Number({ minimum: 0, maximum: 1, expected: 'a number', ...about });
}

/** An amount of bytes: an integer, or a string with a unit; always a number once the config has been read. */
export function bytes(about: About<number | string> & Range): TUnsafe<number> {
  return Type.Unsafe<number>({
    type: ['integer', 'string'],
    pattern: '^[0-9]+ ?(B|KiB|MiB|GiB|TiB)$',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    kind: 'bytes',
    expected: 'bytes as a whole number, or with a unit (B, KiB, MiB, GiB or TiB) such as 64MiB',
    ...about,
  });
}

export function flag(about: About<boolean>) {
  return Type.Boolean({ expected: 'true or false', ...about });
}

export function text(about: About<string> & { pattern?: string; minLength?: number; expected?: string }) {
  return Type.String({ minLength: 1, expected: 'a text', ...about });
}

/** A condition in the rules language; `true` needs no quotes. */
export function condition(about: About<never>): TUnsafe<string | boolean> {
  return Type.Unsafe<string | boolean>({
    type: ['string', 'boolean'],
    minLength: 1,
    expected: 'an expression such as http.request.uri.path contains "/.env"',
    ...about,
  });
}

/** A text, or a mapping that stands for itself as JSON; always a text once the config has been read. */
export function textOrJson(about: About<never>): TUnsafe<string> {
  return Type.Unsafe<string>({
    type: ['string', 'object'],
    minLength: 1,
    kind: 'json',
    expected: 'a text or a mapping',
    ...about,
  });
}

/** An item of a list that the operator writes as text or as a whole number. */
export function textOrNumber(about: About<never>): TUnsafe<string | number> {
  return Type.Unsafe<string | number>({
    type: ['string', 'integer'],
    minLength: 1,
    expected: 'a text or a whole number',
    ...about,
  });
}

/** A path; one that is relative starts at the folder of the config file, and is absolute once the config has been read. */
export function path(about: About<string>) {
  return Type.String({ minLength: 1, kind: 'path', expected: 'a path', ...about });
}

export function oneOf<const T extends string>(values: readonly T[], about: About<T>): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...about });
}

export function list<T extends TSchema>(
  items: T,
  about: About<readonly unknown[]> & { minItems?: number; maxItems?: number },
) {
  return Type.Array(items, { expected: 'a list', ...about });
}

/** A mapping with names that the operator chooses. */
export function named<T extends TSchema>(items: T, about: About<Readonly<Record<string, unknown>>>) {
  return Type.Record(Type.String(), items, { expected: 'a mapping', ...about });
}

/** A mapping with the given keys and no others. With `default: {}` it may be left out: the defaults of its keys hold. */
export function section<T extends Record<string, TSchema>>(
  properties: T,
  about: About<Record<string, never>> & FromText,
) {
  return Type.Object(properties, { additionalProperties: false, expected: 'a mapping', ...about });
}

/**
 * A mapping whose key `tag` says which of the sections it is; each section has `tag` as a key of its own (`fixed`).
 * `elsewhere`: tags that mean something, but not here (or not yet), and what to say of each.
 */
export function variants<T extends TSchema>(
  tag: string,
  sections: readonly T[],
  about: About<never> & FromText & { elsewhere?: Readonly<Record<string, string>> },
): TUnsafe<Static<T>> {
  return Type.Unsafe<Static<T>>({
    type: 'object',
    discriminator: { propertyName: tag },
    oneOf: sections,
    expected: 'a mapping',
    ...about,
  });
}

/** The one value that a variant's tag has. */
export function fixed<const T extends string>(value: T) {
  return Type.Literal(value);
}

/** A key that may be left out, and then has no value. */
export const optional = Type.Optional;

/** A key that a later version understands: naming it is an error that says so. */
export function notYet() {
  return Type.Optional(Type.Unsafe<undefined>({ notYet: true }));
}
