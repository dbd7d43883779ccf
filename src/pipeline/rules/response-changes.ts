/** What rules of http_response_cache_settings change of the origin's response: slot of that phase. */
import { editOp } from '../../engine/contract.ts';
import { type HeadView, knownId } from '../../engine/head-view.ts';
import { splitList } from '../../lib/list.ts';
import type { ControlChange } from '../../rules/action/protocol.ts';
import type { FieldChange } from './changes.ts';

const cacheControlId = knownId('cache-control');
const cacheTagId = knownId('cache-tag');
/** Bytes of all tags of a response. */
const tagsBytesMax = 16_384;

function tagsOf(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => /^[!-~]+$/.test(tag));
}

/** Directives with changes: each takes the place of what stands under its name. */
function changedControl(own: string, changes: readonly ControlChange[]): string {
  let members = splitList(own);
  for (const { name, text } of changes) {
    members = members.filter((member) => (member.split('=', 1)[0] ?? '').trim().toLowerCase() !== name);
    if (text !== undefined) members.push(text);
  }
  return members.join(', ');
}

function setOrRemove(id: number, name: string, value: string): FieldChange {
  return { op: value === '' ? editOp.remove : editOp.set, id, name, value };
}

export class ResponseCacheChanges {
  readonly #strips = new Map<string, boolean>();
  #control: ControlChange[] = [];
  #tags: string[] | undefined;
  /** Of what is stored and sent. */
  fields: readonly FieldChange[] = [];
  /** Tags that it is stored with, in place of the origin's; undefined where rules have not changed them. */
  tags: string | undefined;
  #isClear = true;

  clear(): void {
    if (this.#isClear) return;
    this.#isClear = true;
    this.#strips.clear();
    this.#control = [];
    this.#tags = undefined;
    this.tags = undefined;
    this.fields = [];
  }

  strip(name: string, isStripped: boolean): void {
    this.#isClear = false;
    this.#strips.set(name, isStripped);
  }

  changeControl(changes: readonly ControlChange[]): void {
    this.#isClear = false;
    this.#control.push(...changes);
  }

  changeTags(operation: 'add' | 'remove' | 'set', text: string, head: HeadView): void {
    this.#isClear = false;
    const given = tagsOf(text);
    this.#tags ??= tagsOf(head.joinedText(cacheTagId) ?? '');
    const lower = new Set(given.map((tag) => tag.toLowerCase()));
    const others = this.#tags.filter((tag) => !lower.has(tag.toLowerCase()));
    if (operation === 'set') this.#tags = given;
    else this.#tags = operation === 'add' ? [...others, ...given] : others;
  }

  /** Works out the changes. Returns those that the cache decides by. */
  settle(head: HeadView): readonly FieldChange[] {
    const shared: FieldChange[] = [];
    for (const [name, isStripped] of this.#strips) {
      if (isStripped) shared.push({ op: editOp.remove, id: knownId(name), name, value: '' });
    }
    if (this.#tags !== undefined) {
      let tags = this.#tags.join(',');
      if (tags.length > tagsBytesMax) tags = tags.slice(0, tags.lastIndexOf(',', tagsBytesMax));
      shared.push(setOrRemove(cacheTagId, 'cache-tag', tags));
      this.tags = tags;
    }
    const own = head.joinedText(cacheControlId) ?? '';
    const withControl = (changes: readonly ControlChange[]) =>
      changes.length === 0
        ? shared
        : [...shared, setOrRemove(cacheControlId, 'cache-control', changedControl(own, changes))];
    this.fields = withControl(this.#control.filter(({ isHidden }) => !isHidden));
    return withControl(this.#control);
  }
}
