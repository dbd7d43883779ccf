import type { Down } from '../engine/up.ts';

export interface Up {
  down: Down;
}
