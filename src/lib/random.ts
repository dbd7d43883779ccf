/** Randomness as an argument: the one place that draws it. */
import { randomBytes } from 'node:crypto';

/** So many random bytes as hexadecimal digits, two for each. */
export type RandomHex = (bytes: number) => string;

export const systemRandomHex: RandomHex = (bytes) => randomBytes(bytes).toString('hex');
