/** `log`: tells in the record that the rule matched, and nothing else. */
import type { Action } from './action.ts';

export const log: Action = {
  name: 'log',
  phases: ['http_request_firewall_custom'],
  isTerminating: false,
  compile: () => ({ kind: 'log' }),
};
