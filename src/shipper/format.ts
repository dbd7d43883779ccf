/**
 * How the lines of a job are made: its fields, its filter and its sample. A batch that was planned is made in the format
 * that it was planned in, by a later process too, so a format can be written down; its hash names it in the plan.
 */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type Program, programOf, sampleAll } from '../logs/index.ts';
import type { ExpressionProgram } from '../rules/protocol.ts';
import { filterOf } from './filter.ts';
import type { ShipperJob } from './protocol.ts';
import type { FrameFilter } from './tail.ts';

export interface Format {
  /** 16 hexadecimal digits: two formats of one hash make the same bytes. */
  readonly hash: string;
  readonly program: Program;
  /** For `readFormat`. */
  readonly text: string;
  /** `sampleAll`, or less. */
  readonly sampleBelow: number;
  /** Null: every record is wanted, and none is looked at in JavaScript. */
  readonly filter: FrameFilter | null;
}

/** Programs as base64 of their bytes, and of what v8 makes of them. */
interface FormatText {
  program: string;
  lineBytesMax: number;
  sampleBelow: number;
  dataset: ShipperJob['dataset'];
  filters: string;
}

const hashDigits = 16;

function hashOf(text: FormatText): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, hashDigits);
}

function formatFrom(text: FormatText): Format {
  const program = {
    bytes: new Uint8Array(Buffer.from(text.program, 'base64')),
    lineBytesMax: text.lineBytesMax,
  };
  const filters = deserialize(Buffer.from(text.filters, 'base64')) as ExpressionProgram[];
  const filter = filterOf({ dataset: text.dataset, filters });
  return { hash: hashOf(text), program, sampleBelow: text.sampleBelow, filter, text: JSON.stringify(text) };
}

export function formatOf(config: ShipperJob): Format {
  const { bytes, lineBytesMax } = programOf(config);
  return formatFrom({
    program: Buffer.from(bytes).toString('base64'),
    lineBytesMax,
    sampleBelow: Math.ceil((config.sample_rate ?? 1) * sampleAll),
    dataset: config.dataset,
    filters: serialize(config.filters ?? []).toString('base64'),
  });
}

/** The format of that hash; undefined: this is not it. */
export function readFormat(content: string | undefined, hash: string): Format | undefined {
  if (content === undefined) return undefined;
  try {
    const text = JSON.parse(content) as FormatText;
    return hashOf(text) === hash ? formatFrom(text) : undefined;
  } catch {
    // Written by another version, or not to its end.
    return undefined;
  }
}
