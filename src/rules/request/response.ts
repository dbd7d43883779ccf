/** The response at hand as fields see it; there is none before the origin has answered. */

import { fieldWords } from '../../engine/contract.ts';
import { type HeadView, knownId, noField } from '../../engine/head-view.ts';
import { latin1Bytes } from '../../lib/bytes.ts';
import type { Lines, Pairs } from './pairs.ts';

export class ResponseState {
  #head: HeadView | null = null;
  #fields: Pairs | null = null;

  /** null: there is none (any more). */
  begin(head: HeadView | null): void {
    this.#head = head;
    this.#fields = null;
  }

  get exists(): boolean {
    return this.#head !== null;
  }

  get code(): number | null {
    return this.#head?.code ?? null;
  }

  /** Lines of a field, null where there is none. */
  lines(name: string): Lines | null {
    const head = this.#head;
    if (head === null) return null;
    const id = knownId(name);
    const bytes = latin1Bytes(name);
    const lines: string[] = [];
    let field = head.findNamed(bytes, id, head.fieldAt(0));
    while (field !== noField) {
      lines.push(head.valueText(field));
      field = head.findNamed(bytes, id, field + fieldWords);
    }
    return lines.length === 0 ? null : lines;
  }

  /** All fields in the order of the head. */
  get fields(): Pairs | null {
    const head = this.#head;
    if (head === null) return null;
    if (this.#fields !== null) return this.#fields;
    const map = new Map<string, string[]>();
    for (let index = 0; index < head.fieldCount; index += 1) {
      const field = head.fieldAt(index);
      const name = head.nameText(field);
      const lines = map.get(name);
      if (lines === undefined) map.set(name, [head.valueText(field)]);
      else lines.push(head.valueText(field));
    }
    this.#fields = map;
    return map;
  }
}
