/**
 * Literals of which one must stand in whatever a pattern matches, for the prefilter; and patterns that are nothing but a
 * literal. Literals are folded as the prefilter folds them: every byte with the bit 0x20 set.
 */
import { isCommon } from '../common.ts';
import type { Pattern } from './syntax.ts';

const optionsMax = 16;
const lengthMax = 64;

/** Texts of which the match is one, and texts of which the match contains one; null: nothing is known. */
interface Known {
  readonly exact: readonly string[] | null;
  readonly required: readonly string[] | null;
}

const nothing: Known = { exact: null, required: null };

/** null: there is no such literal. */
export function requiredLiterals(pattern: Pattern): readonly string[] | null {
  const known = look(pattern);
  const best = better(known.exact, known.required);
  return best === null || best.some((text) => text === '') ? null : best;
}

// What every request has is worth no more than a single byte.
const worth = (text: string): number => (isCommon(text) ? Math.min(1, text.length) : text.length);
const shortest = (texts: readonly string[]): number => Math.min(...texts.map(worth));

/** The longer literals, the fewer where that is equal. */
function better(left: readonly string[] | null, right: readonly string[] | null): readonly string[] | null {
  if (left === null || left.length === 0) return right;
  if (right === null || right.length === 0) return left;
  const difference = shortest(left) - shortest(right);
  if (difference !== 0) return difference > 0 ? left : right;
  return left.length <= right.length ? left : right;
}

function cross(left: readonly string[], right: readonly string[]): readonly string[] | null {
  if (left.length * right.length > optionsMax) return null;
  const texts = left.flatMap((head) => right.map((tail) => head + tail));
  return texts.some((text) => text.length > lengthMax) ? null : texts;
}

function look(pattern: Pattern): Known {
  switch (pattern.kind) {
    case 'set':
      return { exact: foldedBytes(pattern.set), required: null };
    case 'look':
      return { exact: [''], required: null };
    case 'group':
      return look(pattern.item);
    case 'cat':
      return lookAtSequence(pattern.items);
    case 'alt':
      return lookAtAlternatives(pattern.items);
    case 'repeat':
      return lookAtRepeat(pattern);
  }
}

function foldedBytes(set: Uint8Array): string[] | null {
  const bytes = new Set<number>();
  for (let byte = 0; byte < 256; byte += 1) if (set[byte] === 1) bytes.add(byte | 0x20);
  if (bytes.size === 0 || bytes.size > 4) return null;
  return Array.from(bytes, (byte) => String.fromCharCode(byte));
}

function lookAtSequence(items: readonly Pattern[]): Known {
  let run: readonly string[] = [''];
  let required: readonly string[] | null = null;
  let isExact = true;
  for (const item of items) {
    const known = look(item);
    const longer = known.exact === null ? null : cross(run, known.exact);
    if (longer !== null) {
      run = longer;
      continue;
    }
    isExact = false;
    required = better(better(required, run), known.required);
    run = known.exact ?? [''];
  }
  if (isExact) return { exact: run, required: null };
  return { exact: null, required: better(required, run) };
}

function lookAtAlternatives(items: readonly Pattern[]): Known {
  const known = items.map(look);
  const exact = known.flatMap((one) => one.exact ?? []);
  if (known.every((one) => one.exact !== null) && exact.length <= optionsMax)
    return { exact, required: null };
  const options = known.map((one) => better(one.exact, one.required));
  if (options.some((one) => one === null)) return nothing;
  const required = options.flatMap((one) => one ?? []);
  return { exact: null, required: required.length <= optionsMax ? required : null };
}

function lookAtRepeat({ item, min, max }: Extract<Pattern, { kind: 'repeat' }>): Known {
  const known = look(item);
  if (min === 0) {
    const isOption = max === 1 && known.exact !== null && known.exact.length < optionsMax;
    return isOption ? { exact: ['', ...known.exact], required: null } : nothing;
  }
  if (min === max && known.exact !== null) {
    let texts: readonly string[] | null = [''];
    for (let count = 0; count < min && texts !== null; count += 1) texts = cross(texts, known.exact);
    if (texts !== null) return { exact: texts, required: null };
  }
  return { exact: null, required: better(known.exact, known.required) };
}

/** A pattern that is a literal, at one end, both or none. */
export interface PlainPattern {
  readonly text: string;
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
}

export function plainPattern(pattern: Pattern): PlainPattern | undefined {
  const items = flat(pattern);
  const isAtStart = isLook(items[0], 'start');
  const isAtEnd = items.length > 1 && isLook(items.at(-1), 'end');
  const inside = items.slice(isAtStart ? 1 : 0, isAtEnd ? -1 : items.length);
  let text = '';
  for (const item of inside) {
    const byte = item.kind === 'set' ? onlyByte(item.set) : undefined;
    if (byte === undefined) return undefined;
    text += String.fromCharCode(byte);
  }
  return { text, isAtStart, isAtEnd };
}

const isLook = (item: Pattern | undefined, look: string): boolean =>
  item?.kind === 'look' && item.look === look;

function flat(pattern: Pattern): Pattern[] {
  if (pattern.kind === 'cat') return pattern.items.flatMap(flat);
  return pattern.kind === 'group' ? flat(pattern.item) : [pattern];
}

function onlyByte(set: Uint8Array): number | undefined {
  const first = set.indexOf(1);
  return first !== -1 && set.indexOf(1, first + 1) === -1 ? first : undefined;
}
