/** Validates a filled-up config against its schema, and says each fault in an operator's words. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { nearestName } from '../lib/edit-distance.ts';
import { formatPath, type Path } from './diagnostic.ts';
import { misplaced } from './misplaced.ts';
import type { SchemaNode } from './normalise.ts';
import type { Part } from './source.ts';

/** A fault at a path; the reader turns it into a diagnostic with its place in the file. */
export interface Finding {
  path: Path;
  part?: Part;
  /** The key that is missing below the path. */
  missing?: string;
  message: string;
  expected?: string | undefined;
  suggestion?: string | undefined;
  /** A sentence that helps, in place of `suggestion`. */
  hint?: string | undefined;
  /** Characters of the text at the path that are meant, `to` not included. */
  span?: { from: number; to: number };
  /** Default: error. */
  severity?: 'error' | 'warning';
}

/** A finding whose path begins at a section, told from the root. */
export function below<T extends { path: Path }>(section: Path, finding: T): T {
  return { ...finding, path: [...section, ...finding.path] };
}

export function compileSchema(schema: object): ValidateFunction {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    discriminator: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
  });
  ajv.addVocabulary(['expected', 'kind', 'elsewhere', 'fromText', 'textPattern']);
  ajv.addKeyword({ keyword: 'notYet', validate: () => false });
  return ajv.compile(schema);
}

export function validate(run: ValidateFunction, value: unknown): Finding[] {
  if (run(value)) return [];
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const error of run.errors ?? []) {
    const finding = describe(error, value, run.schema as SchemaNode);
    // A value that fails in two ways (type and pattern, say) has one fault.
    const key = `${formatPath(finding.path)} ${finding.part === 'key' || error.keyword === 'required' ? finding.message : ''}`;
    if (!seen.has(key)) findings.push(finding);
    seen.add(key);
  }
  return findings;
}

function describe(error: ErrorObject, root: unknown, rootSchema: SchemaNode): Finding {
  const path = readPointer(error.instancePath, root);
  const schema = (error.parentSchema ?? {}) as SchemaNode;
  const where = path.length === 0 ? '' : ` in ${formatPath(path)}`;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, String(error.params['additionalProperty']), schema, where, rootSchema);
    case 'required':
      return missingKey(path, String(error.params['missingProperty']), schema, where);
    case 'notYet':
      return {
        path,
        part: 'key',
        message: `"${String(path.at(-1))}" is not available yet in this version (${formatPath(path)})`,
      };
    case 'discriminator':
      return unknownVariant(path, String(error.params['tag']), error.params['tagValue'], schema);
    default:
      return wrongValue(path, error.data, schema);
  }
}

/** A mapping of more keys than this is told as a mapping alone. */
const keysShownMax = 4;

const keysOf = (schema: SchemaNode): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => (inner.notYet ? [] : [key]));

function unknownKey(
  path: Path,
  key: string,
  schema: SchemaNode,
  where: string,
  rootSchema: SchemaNode,
): Finding {
  const suggestion = nearestName(key, keysOf(schema));
  const known = suggestion === undefined ? misplaced(key, path.length === 0, rootSchema) : undefined;
  return {
    path: [...path, key],
    part: 'key',
    message: `unknown key "${key}"${where}${known?.message ?? ''}`,
    expected: known?.expected ?? oneOfText(keysOf(schema)),
    suggestion,
  };
}

function missingKey(path: Path, key: string, schema: SchemaNode, where: string): Finding {
  const inner = schema.properties?.[key];
  const expected = inner?.expected ?? (inner?.enum ? oneOfText(inner.enum.map(String)) : undefined);
  return {
    path,
    missing: key,
    message: `missing key "${key}"${where}`,
    expected: expected === undefined ? undefined : `${key}: ${expected}`,
  };
}

function unknownVariant(path: Path, tag: string, value: unknown, schema: SchemaNode): Finding {
  const names = (schema.oneOf ?? []).map((section) => String(section.properties?.[tag]?.const));
  if (value === undefined)
    return { path, message: `missing key "${tag}" in ${formatPath(path)}`, expected: oneOfText(names) };
  const elsewhere = schema.elsewhere ?? {};
  if (typeof value === 'string' && Object.hasOwn(elsewhere, value))
    return { path: [...path, tag], message: elsewhere[value] ?? '', expected: oneOfText(names) };
  return wrongValue([...path, tag], value, { enum: names });
}

function wrongValue(path: Path, value: unknown, schema: SchemaNode): Finding {
  const name = path.length === 0 ? 'the config' : formatPath(path);
  const suggestion =
    schema.enum && typeof value === 'string' ? nearestName(value, schema.enum.map(String)) : undefined;
  return {
    path,
    message: value === undefined ? `${name} is empty` : `${name} cannot be ${show(value)}`,
    expected: expectation(schema, typeof value === 'number'),
    suggestion,
  };
}

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (value === '') return 'an empty text';
  if (typeof value !== 'string') return JSON.stringify(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

function expectation(schema: SchemaNode, isNumber: boolean): string {
  if (schema.enum) return oneOfText(schema.enum.map(String));
  const parts = [schema.expected ?? String(schema.type)];
  // All of its values are named: bounds would say nothing.
  if (schema.expected?.startsWith('one of ')) return schema.expected;
  const keys = keysOf(schema);
  if (keys.length > 0 && keys.length <= keysShownMax) return `${parts.join()} with ${keys.join(', ')}`;
  if (schema.minItems !== undefined)
    parts.push(`at least ${schema.minItems} ${schema.minItems === 1 ? 'entry' : 'entries'}`);
  // A bound that says nothing (0, the largest integer) is left out where the value is no number at all.
  const { minimum, maximum } = schema;
  if (minimum !== undefined && (isNumber || minimum > 0)) parts.push(`at least ${minimum}`);
  if (maximum !== undefined && (isNumber || maximum < 2 ** 31 - 1)) parts.push(`at most ${maximum}`);
  return parts.join(', ');
}

function oneOfText(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? '') : `one of ${names.join(', ')}`;
}

/** JSON pointer to path; a step is an index where the value at hand is a list. */
function readPointer(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(step) : step);
    value = (value as Record<string, unknown> | undefined)?.[step];
  }
  return path;
}
