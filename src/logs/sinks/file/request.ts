/** What has to be written where, decided from bytes alone: how much of a file's end is a line that was never finished. */
const newline = 0x0a;
const openBrace = 0x7b;

/** Bytes at the end of a file that are looked at for the end of its last whole line. */
export const tailBytesMax = 1024 * 1024;

/**
 * What to do with the end of a file before lines are appended to it: `truncate` takes the given bytes off, `separate`
 * ends a line that is not ours to remove.
 */
export type TailRepair = { kind: 'none' } | { kind: 'truncate'; bytes: number } | { kind: 'separate' };

/** `tail` is the end of the file, all of it where `isWholeFile`. A record that was cut begins with "{" on its own line. */
export function repairOfTail(tail: Uint8Array, isWholeFile: boolean): TailRepair {
  if (tail.length === 0 || tail[tail.length - 1] === newline) return { kind: 'none' };
  const lastNewline = tail.lastIndexOf(newline);
  const isStartKnown = lastNewline !== -1 || isWholeFile;
  if (!isStartKnown || tail[lastNewline + 1] !== openBrace) return { kind: 'separate' };
  return { kind: 'truncate', bytes: tail.length - lastNewline - 1 };
}
