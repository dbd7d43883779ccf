/** What an action writes: a text that is given, or what an expression computes for this exchange. */
import type { Value } from '../../rules/action/protocol.ts';
import type { Matcher } from '../../rules/run/index.ts';
import type { FieldRewrite } from './ruleset.ts';

/** Bytes of a field value that a rule has computed. */
const fieldBytesMax = 4096;
/** What a field value must not have (RFC 9110 5.5). */
const notInField = /[^\t\x20-\x7e\x80-\xff]+/g;

/** null: there is no result. */
export function textOf(value: Value, matcher: Matcher): string | null {
  return 'text' in value ? value.text : matcher.bytes(value.expression);
}

/** The value of a field; undefined: the field is removed, as by an expression without a result. */
export function fieldText({ value }: FieldRewrite, matcher: Matcher): string | undefined {
  if (value === undefined) return undefined;
  if ('text' in value) return value.text === '' ? undefined : value.text;
  const text = matcher
    .bytes(value.expression)
    ?.replace(notInField, ' ')
    .trim()
    .slice(0, fieldBytesMax)
    .trim();
  return text === '' ? undefined : text;
}
