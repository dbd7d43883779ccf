/** Whether a request takes part in caching at all, by its method, what rules say and, in mode `cdn`, the extension of its path. */
import { headWord, methodId } from '../engine/contract.ts';
import type { HeadView } from '../engine/head-view.ts';
import type { CacheSettings } from './protocol.ts';
import { forwardReason } from './status.ts';

const dot = 0x2e;
const slash = 0x2f;
/** Longer than any extension that is worth a look. */
const extensionBytesMax = 16;
const robots = '/robots.txt';

/** What the zone's cache settings come to, made once per snapshot. */
export class Eligibility {
  readonly settings: CacheSettings;
  readonly #extensions: ReadonlySet<string>;

  constructor(settings: CacheSettings) {
    this.settings = settings;
    this.#extensions = new Set(settings.extensions);
  }

  get isOff(): boolean {
    return this.settings.mode === 'off';
  }

  /** `forwardReason.none` where the request is eligible, else why it is not. */
  judge(request: HeadView): number {
    if (this.isOff) return forwardReason.bypass;
    const method = request.word(headWord.code);
    if (method !== methodId.get && method !== methodId.head) return forwardReason.method;
    // What a rule says goes before the mode.
    const { cache, mode } = this.settings;
    const isEligible = cache ?? (mode === 'standard' || this.#hasExtension(request));
    return isEligible ? forwardReason.none : forwardReason.bypass;
  }

  #hasExtension(request: HeadView): boolean {
    const { bytes } = request.arena;
    const start = request.pathOffset;
    const end = start + request.pathLength;
    let at = end - 1;
    while (at > start && end - at <= extensionBytesMax && bytes[at] !== dot && bytes[at] !== slash) at -= 1;
    if (bytes[at] !== dot) return false;
    if (this.#extensions.has(request.arena.text(at + 1, end - at - 1).toLowerCase())) return true;
    return end - start === robots.length && request.arena.text(start, robots.length) === robots;
  }
}
