/** What the signals of a service mean. SIGUSR1 must not reach Node, which would open its debugger. */
import type { Clock } from '../lib/clock.ts';

export interface SignalActions {
  /** SIGHUP. */
  reload(): void;
  /** SIGUSR1. */
  reopen(): void;
  /** SIGTERM and SIGINT: the first drains, the second ends at once. */
  stop(): void;
}

/** One key press or one `kill` may arrive twice, from the terminal and from a wrapper that passes it on. */
const sameSignalMs = 50;

export function onSignals(actions: SignalActions, clock: Clock): void {
  const onStop = (signal: 'SIGTERM' | 'SIGINT') => {
    let lastMs = Number.NEGATIVE_INFINITY;
    process.on(signal, () => {
      const nowMs = clock.monotonicMs();
      const isEcho = nowMs - lastMs < sameSignalMs;
      lastMs = nowMs;
      if (!isEcho) actions.stop();
    });
  };
  process.on('SIGHUP', () => actions.reload());
  process.on('SIGUSR1', () => actions.reopen());
  onStop('SIGTERM');
  onStop('SIGINT');
}
