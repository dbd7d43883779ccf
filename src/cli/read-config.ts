/** The config of a command: read, or its faults told. */
import { readFileSync } from 'node:fs';
import { noIds, unreadable } from '../config/index.ts';
import { type Configuration, readConfiguration } from '../control/index.ts';

export const defaultFile = 'parapet.yaml';

/** What ends a command with exit code 1, told on standard error. Text that has its own form is told as it stands. */
export class CommandError extends Error {
  readonly isWhole: boolean;

  constructor(message: string, isWhole = false) {
    super(message);
    this.isWhole = isWhole;
  }
}

export function readConfig(file: string): Configuration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(unreadable(file, error as NodeJS.ErrnoException), true);
  }
  const read = readConfiguration(file, text, noIds, false);
  if (!read.ok) throw new CommandError(read.diagnostics, true);
  return read.configuration;
}
