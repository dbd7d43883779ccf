/**
 * A filter of a job as text of the rules language. The filter of Logpush is JSON text (`{"where": ...}`), and says the same
 * in other words: each condition becomes a comparison, `and` and `or` stay what they are.
 */
export type FilterText = { ok: true; text: string } | { ok: false; message: string };

const conditionsMax = 100;
const depthMax = 16;

class Refused extends Error {}

type Make = (key: string, value: unknown) => string;

function literal(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== 'string')
    throw new Refused(`a value has to be text or a whole number, not ${JSON.stringify(value)}`);
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

function items(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) throw new Refused('"in" needs an array of values');
  return value.map(literal).join(' ');
}

const comparison =
  (operator: string): Make =>
  (key, value) => {
    if (typeof value !== 'boolean') return `${key} ${operator} ${literal(value)}`;
    return value === (operator === 'eq') ? key : `not ${key}`;
  };

const operators: Readonly<Record<string, Make>> = {
  eq: comparison('eq'),
  '!eq': comparison('ne'),
  lt: comparison('lt'),
  leq: comparison('le'),
  gt: comparison('gt'),
  geq: comparison('ge'),
  startsWith: (key, value) => `starts_with(${key}, ${literal(value)})`,
  endsWith: (key, value) => `ends_with(${key}, ${literal(value)})`,
  contains: (key, value) => `${key} contains ${literal(value)}`,
  in: (key, value) => `${key} in {${items(value)}}`,
};

function makeOf(operator: string): Make | undefined {
  const make = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (make !== undefined || !operator.startsWith('!')) return make;
  const plain = operators[operator.slice(1)];
  return plain === undefined ? undefined : (key, value) => `not (${plain(key, value)})`;
}

function condition(node: Record<string, unknown>): string {
  const { key, operator, value } = node;
  if (typeof key !== 'string' || !/^[A-Za-z][A-Za-z0-9]*$/.test(key)) {
    throw new Refused(`a condition needs a "key" with the name of a field, not ${JSON.stringify(key)}`);
  }
  const make = typeof operator === 'string' ? makeOf(operator) : undefined;
  if (make === undefined) {
    throw new Refused(
      `the operator ${JSON.stringify(operator)} is none of ${Object.keys(operators).join(' ')}`,
    );
  }
  return make(key, value);
}

function group(node: unknown, depth: number): string {
  if (typeof node !== 'object' || node === null || depth > depthMax) {
    throw new Refused('a condition has to be an object, nested at most 16 deep');
  }
  const { and, or } = node as Record<string, unknown>;
  const members = and ?? or;
  if (members === undefined) return condition(node as Record<string, unknown>);
  if (!Array.isArray(members) || members.length === 0 || members.length > conditionsMax) {
    throw new Refused(`"and" and "or" need an array of 1 to ${conditionsMax} conditions`);
  }
  const word = and === undefined ? ' or ' : ' and ';
  return members.map((member) => `(${group(member, depth + 1)})`).join(word);
}

/** Text that does not begin as JSON is an expression already. */
export function filterText(filter: string): FilterText {
  if (!filter.trimStart().startsWith('{')) return { ok: true, text: filter };
  try {
    const { where } = JSON.parse(filter) as { where?: unknown };
    if (where === undefined) throw new Refused('it has no "where"');
    return { ok: true, text: group(where, 0) };
  } catch (error) {
    return { ok: false, message: `this is no filter of Logpush: ${(error as Error).message}` };
  }
}
