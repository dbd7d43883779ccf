/**
 * Fills a parsed config up: defaults where a key is absent or empty, numbers for bytes that carry a unit, absolute paths.
 * Runs before validation, so it takes any value and leaves alone what does not fit.
 */
import { resolve } from 'node:path';
import type { TSchema } from '../lib/schema.ts';

/** The parts of a JSON Schema that this project makes (src/lib/schema.ts). */
export interface SchemaNode {
  type?: string | string[];
  properties?: Record<string, SchemaNode>;
  patternProperties?: Record<string, SchemaNode>;
  required?: string[];
  items?: SchemaNode;
  oneOf?: SchemaNode[];
  discriminator?: { propertyName: string };
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  description?: string;
  expected?: string;
  kind?: 'bytes' | 'path' | 'json';
  notYet?: boolean;
  elsewhere?: Readonly<Record<string, string>>;
  fromText?: (text: string) => unknown;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  minLength?: number;
}

export const asNode = (schema: TSchema): SchemaNode => schema;

const units: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** `folder` is where relative paths start. The value is not changed; what is returned shares nothing with it. */
export function normalise(schema: SchemaNode, value: unknown, folder: string): unknown {
  const written = value === null || value === undefined ? structuredClone(schema.default) : value;
  const given = typeof written === 'string' ? (schema.fromText?.(written) ?? written) : written;
  if (given === undefined) return value;
  if (schema.kind === 'bytes') return readBytes(given);
  if (schema.kind === 'path')
    return typeof given === 'string' && given !== '' ? resolve(folder, given) : given;
  if (schema.kind === 'json')
    return typeof given === 'object' && !Array.isArray(given) ? JSON.stringify(given) : given;
  if (Array.isArray(given))
    return given.map((item) => (schema.items ? normalise(schema.items, item, folder) : item));
  if (typeof given === 'object' && given !== null)
    return normaliseMapping(variantOf(schema, given), given, folder);
  return given;
}

function readBytes(value: unknown): unknown {
  const match = typeof value === 'string' ? /^([0-9]+) ?(B|KiB|MiB|GiB|TiB)$/.exec(value) : null;
  return match === null ? value : Number(match[1]) * (units[match[2] ?? ''] ?? 1);
}

function normaliseMapping(schema: SchemaNode, value: object, folder: string): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  const keys = new Set([...Object.keys(value), ...Object.keys(schema.properties ?? {})]);
  for (const key of keys) {
    const inner = schema.properties?.[key] ?? Object.values(schema.patternProperties ?? {})[0];
    const given = (value as Record<string, unknown>)[key];
    const isGiven = Object.hasOwn(value, key);
    const filled =
      inner === undefined || inner.notYet ? given : normalise(inner, isGiven ? given : undefined, folder);
    if (filled !== undefined) result[key] = filled;
  }
  return Object.setPrototypeOf(result, Object.prototype);
}

/** The section of a union that the value's tag names; the schema itself where it is no union. */
function variantOf(schema: SchemaNode, value: object): SchemaNode {
  const tag = schema.discriminator?.propertyName;
  if (tag === undefined) return schema;
  const name = (value as Record<string, unknown>)[tag];
  return schema.oneOf?.find((section) => section.properties?.[tag]?.const === name) ?? schema;
}
