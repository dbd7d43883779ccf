/**
 * The hash that a ring carries of its record layout: 64-bit FNV-1a over everything that says where a value lies. Tables
 * of names are append-only and not part of it.
 */

import { frameFlag, frameHeaderBytes, frameWord, slotBytes, slotWord } from '../ring/layout.ts';
import { fixedRows, recordFlag, stringRows } from './fixed.ts';

function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}

export const schemaHash = fnv1a64(
  JSON.stringify([
    fixedRows.map(([name, type]) => [name, type]),
    stringRows.map(([name]) => name),
    recordFlag,
    frameWord,
    frameHeaderBytes,
    frameFlag,
    slotWord,
    slotBytes,
  ]),
);
