import { parse } from 'yaml';

export const odd = parse;
