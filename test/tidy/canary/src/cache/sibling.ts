import { lookUp } from '../dns/index.ts';

export const found = lookUp;
