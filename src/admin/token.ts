/** The token that changes need: made at the first start, readable by its owner alone. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { RandomHex } from '../lib/random.ts';

const tokenBytes = 32;

/** Reads the token, or makes the file. Throws where it cannot be read, or others can read it. */
export function readOrMakeToken(path: string, randomHex: RandomHex): string {
  try {
    const fd = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    const token = randomHex(tokenBytes);
    writeSync(fd, `${token}\n`);
    closeSync(fd);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const fd = openSync(path, constants.O_RDONLY);
  try {
    const mode = fstatSync(fd).mode & 0o077;
    if (mode !== 0) throw new Error(`${path} can be read by others: run chmod 600 ${path}`);
    const token = readFileSync(fd, 'utf8').trim();
    if (token === '') throw new Error(`${path} is empty: remove it, and a new one is made`);
    return token;
  } finally {
    closeSync(fd);
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Compares in a time that says nothing about the token. */
export function isToken(authorization: string | undefined, token: string): boolean {
  const match = /^bearer +(\S+)$/i.exec(authorization ?? '');
  return match !== null && timingSafeEqual(digest(match[1] ?? ''), digest(token));
}
