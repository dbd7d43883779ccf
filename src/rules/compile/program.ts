/** Puts a program together: code in chunks of 32 expressions, what they share, constants, and the tables of the prefilter. */
import type { ExpressionKind, ExpressionProgram } from '../protocol.ts';
import { chooseGuards, Guards } from './guards.ts';
import { Pools } from './pools.ts';
import type { Scheme } from './scheme.ts';
import { SharedCode } from './sharing.ts';
import { prefilterTables } from './tables.ts';
import { isConstant, type Typed } from './typed.ts';

export interface Checked {
  readonly kind: ExpressionKind;
  readonly typed: Typed;
}

const expressionsPerChunk = 32;

export function makeProgram(scheme: Scheme, expressions: readonly Checked[]): ExpressionProgram {
  const pools = new Pools();
  const shared = new SharedCode(
    pools,
    expressions.map(({ typed }) => typed),
  );
  const chunks: string[] = [];
  for (let from = 0; from < expressions.length; from += expressionsPerChunk) {
    chunks.push(chunkOf(shared, expressions.slice(from, from + expressionsPerChunk)));
  }
  const values = expressions.flatMap(({ kind, typed }, index): [number, string][] =>
    kind === 'Bytes' ? [[index, valueOf(shared, typed)]] : [],
  );
  const guards = new Guards(
    scheme,
    expressions.map(({ typed }) => typed),
  );
  const options = expressions.map(({ kind, typed }) => (kind === 'Bool' ? guards.of(typed) : []));
  const chosen = chooseGuards(options).map((guard, index) =>
    expressions[index]!.kind === 'Bool' ? guard : undefined,
  );
  return {
    kinds: expressions.map(({ kind }) => kind),
    chunks,
    shared: shared.bodies,
    values,
    memos: shared.memos,
    ...pools.constants,
    prefilter: prefilterTables(chosen),
  };
}

function chunkOf(shared: SharedCode, expressions: readonly Checked[]): string {
  const writer = shared.writer(undefined);
  const tests = expressions.map(({ kind, typed }, index) => {
    if (kind !== 'Bool' || isConstant(typed, false)) return '';
    writer.release();
    return `if((m&${1 << index})!==0&&${writer.truth(typed)})return ${index};\n`;
  });
  return `${writer.prelude}return function(m){${writer.declarations}\n${tests.join('')}return -1;};`;
}

function valueOf(shared: SharedCode, typed: Typed): string {
  const writer = shared.writer(typed);
  const value = writer.plainValue(typed);
  return `${writer.prelude}return function(){${writer.declarations}return ${value};};`;
}
