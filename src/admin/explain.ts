/** The body of a question what would be decided for a request. Pure; every refusal says what would be right. */
import { isIP } from 'node:net';
import { readObject } from './body.ts';
import { type Problem, problems } from './problem.ts';

type Field = readonly [name: string, value: string];

export interface ExplainQuestion {
  method: string;
  url: string;
  /** Names in lower case. */
  fields: readonly Field[];
  ip: string;
  /** What the origin is taken to answer. */
  response?: { status: number; fields: readonly Field[] };
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const keys = ['method', 'url', 'fields', 'ip', 'response'];

/** Text that a field of a message can hold. */
const isValue = (value: unknown): value is string =>
  typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

function isField(value: unknown): value is Field {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, text] = value as unknown[];
  return typeof name === 'string' && token.test(name) && isValue(text);
}

/** Names in lower case; undefined: these are no fields. */
function readFields(value: unknown = []): Field[] | undefined {
  if (!Array.isArray(value) || !value.every(isField)) return undefined;
  return value.map(([name, text]) => [name.toLowerCase(), text]);
}

function readResponse(value: unknown): NonNullable<ExplainQuestion['response']> | Problem {
  const { status, fields: given } = Object(value) as { status?: unknown; fields?: unknown };
  const fields = readFields(given);
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  if (!isStatus || fields === undefined)
    return problems.bad('"response" has a "status" from 200 to 599, and "fields" as the request has them.');
  return { status: Number(status), fields };
}

export function readExplain(body: string): ExplainQuestion | Problem {
  const read = readObject(body);
  if ('title' in read) return read;
  const { method = 'GET', url, fields: given, ip = '192.0.2.1', response } = read.members;
  const unknown = Object.keys(read.members).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    return problems.bad(`The key "${unknown}" is not known; ${keys.join(', ')} are.`);
  if (typeof method !== 'string' || !token.test(method)) return problems.bad('"method" has to be a method.');
  if (typeof url !== 'string') return problems.bad('"url" has to be an absolute URL.');
  if (typeof ip !== 'string' || isIP(ip) === 0) return problems.bad('"ip" has to be an IP address.');
  const fields = readFields(given);
  if (fields === undefined) return problems.bad('"fields" has to be an array of [name, value].');
  if (response === undefined) return { method, url, fields, ip };
  const answer = readResponse(response);
  return 'title' in answer ? answer : { method, url, fields, ip, response: answer };
}
