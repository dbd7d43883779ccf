/** Cache settings made ready to decide by: those of a zone, and each combination of them with what rules change. */

import type { EncodedEdits } from '../engine/edits.ts';
import { type CacheSettingsChange, mergeSettings } from '../lib/cache-settings.ts';
import { limits } from '../lib/limits.ts';
import { dictionaryEdits } from './dictionary.ts';
import { Eligibility } from './eligible.ts';
import { KeyPlan } from './key-plan.ts';
import type { CacheSettings } from './protocol.ts';
import { VaryPlan } from './vary-plan.ts';

/** Combinations that a zone has made. */
interface Budget {
  made: number;
}

export class Caching {
  readonly settings: CacheSettings;
  readonly eligibility: Eligibility;
  /** undefined: the key is that of every request, which the engine makes by itself. */
  readonly key: KeyPlan | undefined;
  /** undefined: RFC 9111 4.1 decides. */
  readonly vary: VaryPlan | undefined;
  /** What makes a response a compression dictionary; undefined: nothing does. */
  readonly dictionaryEdits: EncodedEdits | undefined;
  /** Whether responses are fetched and stored in slices. */
  readonly hasSlices: boolean;
  readonly #derived = new Map<CacheSettingsChange, Caching>();
  readonly #budget: Budget;

  constructor(settings: CacheSettings, budget: Budget = { made: 0 }) {
    this.settings = settings;
    this.eligibility = new Eligibility(settings);
    this.hasSlices = settings.origin_range_requests?.mode === 'on';
    this.key = KeyPlan.of(settings.cache_key);
    this.vary =
      settings.mode === 'cdn' && settings.vary !== undefined ? new VaryPlan(settings.vary) : undefined;
    const { shared_dictionary: dictionary } = settings;
    this.dictionaryEdits = dictionary && dictionaryEdits(dictionary.match_pattern);
    this.#budget = budget;
  }

  /** These settings with what a rule changes. The change is known by its identity. */
  with(change: CacheSettingsChange): Caching {
    const known = this.#derived.get(change);
    if (known !== undefined) return known;
    const made = new Caching(mergeSettings(this.settings, change), this.#budget);
    if (this.#budget.made < limits.cacheSettingsMax) {
      this.#budget.made += 1;
      this.#derived.set(change, made);
    }
    return made;
  }

  /** Whether a fresh response may go out as it is stored, whoever asks for it under the engine's own key. */
  get isPlain(): boolean {
    const { dictionaryEdits: dictionary, key, settings } = this;
    const isUnchanged = settings.browser_ttl === undefined && dictionary === undefined;
    return settings.mode === 'standard' && key === undefined && isUnchanged;
  }
}
