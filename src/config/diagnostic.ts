/** A fault of a config: where it is, what it is, what was expected; and its text, with the source line and a caret. */

export interface Diagnostic {
  /** The file as the operator named it. */
  file: string;
  /** From 1; column counts characters. */
  line: number;
  column: number;
  /** Characters to underline, at least 1. */
  length: number;
  message: string;
  expected?: string | undefined;
  suggestion?: string | undefined;
  hint?: string | undefined;
  /** The source line, or empty where there is none. */
  source: string;
  /** Default: error. A warning refuses nothing. */
  severity?: 'error' | 'warning' | undefined;
}

/** A value that a check complains about: the keys and indices that lead to it. */
export type Path = readonly (string | number)[];

/** `zones[0].cache.mode` */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

const sourceWidthMax = 200;

export function formatDiagnostic(fault: Diagnostic): string {
  const lines = [
    `${fault.file}:${fault.line}:${fault.column}: ${fault.severity ?? 'error'}: ${fault.message}`,
  ];
  if (fault.source !== '') {
    const number = String(fault.line).padStart(5);
    const margin = ' '.repeat(number.length);
    const indent = fault.source.slice(0, fault.column - 1).replace(/[^\t]/g, ' ');
    lines.push(`${number} | ${fault.source.slice(0, sourceWidthMax)}`);
    if (fault.column <= sourceWidthMax) lines.push(`${margin} | ${indent}${caret(fault)}`);
  }
  if (fault.expected !== undefined) lines.push(`      = expected: ${fault.expected}`);
  if (fault.suggestion !== undefined) lines.push(`      = did you mean "${fault.suggestion}"?`);
  if (fault.hint !== undefined) lines.push(`      = ${fault.hint}`);
  return lines.join('\n');
}

function caret(fault: Diagnostic): string {
  const room = Math.max(1, Math.min(fault.source.length, sourceWidthMax) - fault.column + 1);
  return '^'.repeat(Math.max(1, Math.min(fault.length, room)));
}

const count = (number: number, what: string) =>
  number === 0 ? '' : number === 1 ? `1 ${what}` : `${number} ${what}s`;

/** All of them, in the order of the file, with a last line that counts. */
export function formatDiagnostics(faults: readonly Diagnostic[]): string {
  const [own] = faults;
  // The config first, then files that it names.
  const rank = ({ file }: Diagnostic) => (file === own?.file ? 0 : 1);
  const sorted = [...faults].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
  const warnings = faults.filter(({ severity }) => severity === 'warning').length;
  const totals = [count(faults.length - warnings, 'error'), count(warnings, 'warning')];
  return `${sorted.map(formatDiagnostic).join('\n')}\n${totals.filter((total) => total !== '').join(', ')}\n`;
}

/** Why a config cannot be read at all. */
export function unreadable(file: string, error: NodeJS.ErrnoException): string {
  const why =
    error.code === 'ENOENT'
      ? 'there is no such file (-c FILE names another)'
      : `cannot be read: ${error.message}`;
  return `${file}: error: ${why}\n`;
}
