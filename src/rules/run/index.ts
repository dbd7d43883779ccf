/** Expressions at run time: loads a program, reads fields, answers which expression is true. Loaded by edge and shipper. */
export type { ExpressionProgram, FieldReader, IpWords, MatchCounts, Matcher, Slot } from '../protocol.ts';
export { RequestReader } from '../request/reader.ts';
export type { ServerAddress } from '../request/state.ts';
export { loadInSlices, loadSet } from './load.ts';
export { warm } from './warm.ts';
