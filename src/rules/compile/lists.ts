/** Named lists (`$name`), read once for all expressions that use them. */
import { nearestName } from '../../lib/edit-distance.ts';
import { nameOf } from '../scheme/types.ts';
import { bytesOf } from '../text.ts';
import { Fault, type Literal, type Span } from './ast.ts';
import { didYouMean } from './scheme.ts';
import type { Test } from './typed.ts';
import { mergeAddresses, mergeInts, readAddressRange, readIntRange } from './values.ts';

/** A named list, its items as they are written in the config: strings as they are, integers, ranges, networks. */
export interface NamedList {
  readonly kind: 'Bytes' | 'Int' | 'Ip';
  readonly items: readonly string[];
}

const itemOf = (text: string): Literal => ({ kind: 'bare', text, from: 0, to: text.length });

function readItem(kind: NamedList['kind'], text: string): void {
  if (kind === 'Int') readIntRange(itemOf(text), () => {});
  else if (kind === 'Ip') readAddressRange(itemOf(text));
}

/** What is wrong with the items of a list, by item. */
export function checkList(list: NamedList): readonly { item: number; message: string; hint?: string }[] {
  const wrong: { item: number; message: string; hint?: string }[] = [];
  for (const [item, text] of list.items.entries()) {
    try {
      readItem(list.kind, text);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      wrong.push({ item, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
    }
  }
  return wrong;
}

export class ListTables {
  readonly #lists: ReadonlyMap<string, NamedList>;
  readonly #tests = new Map<string, Test>();

  constructor(lists: ReadonlyMap<string, NamedList>) {
    this.#lists = lists;
  }

  test(type: 'Bytes' | 'Int' | 'Ip', name: string, span: Span): Test {
    const list = this.#lists.get(name);
    if (list === undefined) {
      const near = nearestName(name, [...this.#lists.keys()]);
      throw new Fault(
        span,
        `unknown list "$${name}"`,
        didYouMean(near === undefined ? undefined : `$${near}`),
      );
    }
    if (list.kind !== type) {
      throw new Fault(
        span,
        `the list "$${name}" holds ${nameOf(list.kind)}, and is compared with ${nameOf(type)}`,
      );
    }
    let test = this.#tests.get(name);
    if (test === undefined) {
      test = this.#read(`$${name}`, list, span);
      this.#tests.set(name, test);
    }
    return test;
  }

  #read(key: string, { kind, items }: NamedList, span: Span): Test {
    if (kind === 'Bytes') return { kind: 'texts', key, texts: [...new Set(items.map(bytesOf))] };
    try {
      if (kind === 'Int') {
        return {
          kind: 'ints',
          key,
          ranges: mergeInts(items.map((item) => readIntRange(itemOf(item), () => {}))),
        };
      }
      return {
        kind: 'ips',
        key,
        ranges: mergeAddresses(items.map((item) => readAddressRange(itemOf(item)))),
      };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(span, `the list "${key}" has a wrong item: ${error.message}`, error.hint);
    }
  }
}
