/** The one door to the library for regular expressions: linear time, plain JavaScript, loads in any number of workers. */
import { RE2JS } from 're2js';

export interface Regex {
  test(text: string): boolean;
}

/** @param source a pattern that the compiler has translated; throws where the library refuses it */
export function makeRegex(source: string): Regex {
  return RE2JS.compile(source);
}

/** Size of the compiled pattern in instructions. */
export function regexSize(source: string): number {
  return RE2JS.compile(source).programSize();
}
