/** How each slot of a program is read from a request. */
import type { Slot } from '../protocol.ts';
import { type FieldRow, type FieldValue, requestFields } from '../scheme/request.ts';
import { responseFields } from '../scheme/response.ts';
import type { Lines, Pairs } from './pairs.ts';
import type { RequestState } from './state.ts';

export type { FieldValue } from '../scheme/request.ts';
export type SlotReader = (state: RequestState) => FieldValue;

/** Names by their alias: edge.* is cf.* (rules.md, choices of our own). */
export function readSlot(slot: Slot, state: RequestState): SlotReader {
  const row = requestFields[slot.field] ?? responseFields[slot.field];
  if (row === undefined) throw new Error(`there is no field "${slot.field}"`);
  const under = slot.key === undefined ? row.read : underKey(row, slot.key);
  // So that the first pass over a head finds it.
  if (slot.field === 'http.request.headers' && slot.key !== undefined) state.headers.bind(slot.key);
  const { at, key } = slot;
  if (at === undefined) return under;
  if (slot.field === 'http.request.headers' && key !== undefined && at === 0)
    return (now) => now.firstLine(key);
  return (now) => (under(now) as Lines | null)?.[at] ?? null;
}

function underKey(row: FieldRow, key: string): SlotReader {
  const { read, readKey } = row;
  if (readKey !== undefined) return (state) => readKey(state, key);
  return (state) => (read(state) as Pairs | null)?.get(key) ?? null;
}
