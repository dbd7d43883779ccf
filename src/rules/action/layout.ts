/** How often rules matched, by phase and action: words that all workers share, u64 as two u32 each, low word first. */
import { type ActionKind, actionWords, type PhaseName, phaseNames } from './protocol.ts';

const kinds: Readonly<Record<PhaseName, readonly ActionKind[]>> = {
  http_request_dynamic_redirect: ['redirect'],
  http_request_transform: ['rewriteUri'],
  http_request_firewall_custom: ['block', 'skip', 'log'],
  http_request_late_transform: ['rewriteHeaders'],
  http_request_cache_settings: ['cacheSettings'],
  http_response_cache_settings: ['stripFields', 'cacheTags', 'cacheControl'],
  http_response_headers_transform: ['rewriteHeaders'],
};

const rows = phaseNames.flatMap((phase) => kinds[phase].map((kind) => ({ phase, kind })));
export const matchCountBytes = rows.length * 8;

/** Number of the counter of a phase and an action. */
export function matchCounter(phase: PhaseName, kind: ActionKind): number {
  return rows.findIndex((row) => row.phase === phase && row.kind === kind);
}

export function countMatch(words: Int32Array, counter: number): void {
  // From the largest u32 to 0: the high word takes it.
  if (Atomics.add(words, counter * 2, 1) === -1) Atomics.add(words, counter * 2 + 1, 1);
}

export interface MatchCount {
  phase: PhaseName;
  action: string;
  count: number;
}

export function readMatchCounts(words: Int32Array): MatchCount[] {
  return rows.map(({ phase, kind }, counter) => {
    const low = Atomics.load(words, counter * 2) >>> 0;
    const high = Atomics.load(words, counter * 2 + 1) >>> 0;
    return { phase, action: actionWords[kind], count: high * 2 ** 32 + low };
  });
}
