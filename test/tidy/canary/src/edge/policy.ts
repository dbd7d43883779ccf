import { read } from '../config/index.ts';
import { secret } from '../dns/inner.ts';

export const policy = [secret, read];
