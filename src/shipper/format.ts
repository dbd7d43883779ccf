/**
 * How the lines of a job are made: its fields, its filter and its sample. A batch that was planned is made in the format
 * that it was planned in, by a later process too, so a format can be written down; its hash names it in the plan.
 */
import { createHash } from 'node:crypto';
import type { JobConfig } from '../logs/config.ts';
import { type Program, programOf, sampleAll } from '../logs/index.ts';

export interface Format {
  /** 16 hexadecimal digits: two formats of one hash make the same bytes. */
  readonly hash: string;
  readonly program: Program;
  /** `sampleAll`, or less. */
  readonly sampleBelow: number;
}

interface FormatText {
  program: string;
  lineBytesMax: number;
  sampleBelow: number;
}

const hashDigits = 16;

function hashOf(text: FormatText): string {
  return createHash('sha256').update(JSON.stringify(text)).digest('hex').slice(0, hashDigits);
}

function textOf({ program, sampleBelow }: Omit<Format, 'hash'>): FormatText {
  const { bytes, lineBytesMax } = program;
  return { program: Buffer.from(bytes).toString('base64'), lineBytesMax, sampleBelow };
}

export function formatOf(config: JobConfig): Format {
  const made = { program: programOf(config), sampleBelow: sampleAll };
  return { ...made, hash: hashOf(textOf(made)) };
}

export function writeFormat(format: Format): string {
  return JSON.stringify(textOf(format));
}

/** The format of that hash; undefined: this is not it. */
export function readFormat(content: string | undefined, hash: string): Format | undefined {
  if (content === undefined) return undefined;
  let text: FormatText;
  try {
    text = JSON.parse(content) as FormatText;
  } catch {
    return undefined;
  }
  if (hashOf(text) !== hash) return undefined;
  const program = {
    bytes: new Uint8Array(Buffer.from(text.program, 'base64')),
    lineBytesMax: text.lineBytesMax,
  };
  return { hash, program, sampleBelow: text.sampleBelow };
}
