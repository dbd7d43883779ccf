/** The body of a change or a question: one JSON object. */
import { type Problem, problems } from './problem.ts';

/** Its members, or why it is none. */
export function readObject(body: string): { members: Record<string, unknown> } | Problem {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return problems.bad(`The body is not JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return problems.bad('The body has to be an object.');
  return { members: value as Record<string, unknown> };
}
