/**
 * Compiles a job's field list into the program that native code runs for every record. Literals between two values are
 * joined, and fields whose value is not known become part of them, so a line costs one copy and one conversion a field.
 */
import type { Field, FieldSource } from '../record/field.ts';
import { fixedPlaces, fixedTypeBytes, stringIndex } from '../record/fixed.ts';
import { frameBytesMax, frameHeaderBytes, frameWord } from '../ring/layout.ts';
import {
  nameTableEntryBytes,
  type OpName,
  opBytes,
  opCode,
  opsMax,
  opWord,
  programHeader,
  programHeaderBytes,
  programSlackBytes,
  programVersion,
} from './program-layout.ts';
import { type TimestampFormat, timestampOps } from './timestamp.ts';

export interface Program {
  bytes: Uint8Array;
  /** An output of this many bytes holds any line. */
  lineBytesMax: number;
}

interface Op {
  code: OpName;
  literal: string;
  source: number;
  /** Mask of a flag. */
  mask: number;
  names: readonly string[] | null;
}

const text = new TextEncoder();

function numberOp(bytes: number): OpName {
  if (bytes === 8) return 'u64';
  if (bytes === 4) return 'u32';
  return bytes === 2 ? 'u16' : 'u8';
}

/** The op of a field, without its literal; null where the value is a literal itself. */
function opOf(source: FieldSource, format: TimestampFormat): Omit<Op, 'literal'> | null {
  const plain = { mask: 0, names: null };
  if (source.from === 'nothing') return null;
  if (source.from === 'sequence') return { ...plain, code: 'u64', source: frameWord.sequence };
  if (source.from === 'device') return { ...plain, code: 'device', source: stringIndex.userAgent };
  if (source.from === 'uri') return { ...plain, code: 'uri', source: stringIndex.path };
  if (source.from === 'string' || source.from === 'list') {
    return { ...plain, code: source.from, source: stringIndex[source.column] };
  }

  const place = fixedPlaces[source.column];
  const at = { ...plain, source: frameHeaderBytes + place.offset };
  const bytes = fixedTypeBytes[place.type];
  switch (source.from) {
    case 'number':
      return { ...at, code: numberOp(bytes) };
    case 'time':
      return { ...at, code: timestampOps[format] };
    case 'flag':
      return { ...at, code: 'flag', mask: source.mask };
    case 'name':
      return { ...at, code: bytes === 2 ? 'name16' : 'name8', names: [...source.names, source.else] };
    default:
      return { ...at, code: source.from };
  }
}

function opsOf(fields: readonly Field[], format: TimestampFormat): Op[] {
  const ops: Op[] = [];
  let literal = '{';
  for (const [index, field] of fields.entries()) {
    literal += `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`;
    const op = opOf(field.source, format);
    if (op === null) {
      literal += field.source.from === 'nothing' ? field.source.json : '';
      continue;
    }
    ops.push({ ...op, literal });
    literal = '';
  }
  ops.push({ code: 'end', literal: `${literal}}\n`, source: 0, mask: 0, names: null });
  return ops;
}

/** Bytes after the ops, each string once; offsets are from the start of the program. */
class Pool {
  readonly #chunks: Uint8Array[] = [];
  #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  get end(): number {
    return this.#at;
  }

  put(bytes: Uint8Array): number {
    const offset = this.#at;
    this.#chunks.push(bytes);
    this.#at += bytes.length;
    return offset;
  }

  copyTo(out: Uint8Array, at: number): void {
    let offset = at;
    for (const chunk of this.#chunks) {
      out.set(chunk, offset);
      offset += chunk.length;
    }
  }
}

function putNames(pool: Pool, names: readonly string[]): number {
  const literals = names.map((name) => text.encode(JSON.stringify(name)));
  const table = new DataView(new ArrayBuffer(4 + literals.length * nameTableEntryBytes));
  table.setUint32(0, literals.length - 1, true);
  for (const [index, literal] of literals.entries()) {
    table.setUint32(4 + index * nameTableEntryBytes, pool.put(literal), true);
    table.setUint32(8 + index * nameTableEntryBytes, literal.length, true);
  }
  return pool.put(new Uint8Array(table.buffer));
}

/** `dataset` is the number of the dataset in frames; the fields are distinct, and at least one. */
export function compileProgram(dataset: number, fields: readonly Field[], format: TimestampFormat): Program {
  const ops = opsOf(fields, format);
  if (ops.length > opsMax) throw new RangeError(`a line has at most ${opsMax} fields`);
  const opsEnd = programHeaderBytes + ops.length * opBytes;
  const pool = new Pool(opsEnd);
  const words = new DataView(new ArrayBuffer(opsEnd));
  let namesBytes = 0;
  for (const [index, op] of ops.entries()) {
    const at = programHeaderBytes + index * opBytes;
    const literal = text.encode(op.literal);
    words.setUint16(at + opWord.code, opCode[op.code], true);
    words.setUint16(at + opWord.source, op.source, true);
    words.setUint32(at + opWord.literalOffset, pool.put(literal), true);
    words.setUint32(at + opWord.literalLength, literal.length, true);
    words.setUint32(at + opWord.extra, op.names === null ? op.mask : putNames(pool, op.names), true);
    if (op.names !== null) namesBytes += Math.max(...op.names.map((name) => text.encode(name).length)) + 2;
  }
  pool.put(new Uint8Array(programSlackBytes));
  words.setUint32(programHeader.version, programVersion, true);
  words.setUint32(programHeader.opCount, ops.length, true);
  words.setUint32(programHeader.dataset, dataset, true);
  words.setUint32(programHeader.bytes, pool.end, true);
  const bytes = new Uint8Array(pool.end);
  bytes.set(new Uint8Array(words.buffer));
  pool.copyTo(bytes, opsEnd);
  return { bytes, lineBytesMax: lineBytesMax(ops, bytes.length + namesBytes) };
}

/** No less than what `LineProgram::line_bytes_max` asks for: see native/core/ndjson.h. */
function lineBytesMax(ops: readonly Op[], literalBytes: number): number {
  const valueBytesMax = 48;
  const escapedBytesMax = 6;
  const uses = new Map<number, number>();
  for (const op of ops) {
    if (op.code !== 'string' && op.code !== 'list' && op.code !== 'uri') continue;
    for (const index of op.code === 'uri' ? [op.source, op.source + 1] : [op.source]) {
      uses.set(index, (uses.get(index) ?? 0) + 1);
    }
  }
  const factor = escapedBytesMax * Math.max(0, ...uses.values());
  return literalBytes + (ops.length + 1) * valueBytesMax + frameBytesMax * factor;
}
