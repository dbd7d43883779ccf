/**
 * The test-only policy: a Parapet started with `--test-faults` fails as a request field asks it to. The names are those
 * of the policy's own hook.
 */
export const faultFlag = '--test-faults';
export const faultField = 'x-parapet-test-fault';

/** An exception, a rejection that nobody handles, a heap that is overrun, a loop that never ends. */
export type Fault = 'throw' | 'reject' | 'heap' | 'loop';

export function withFault(fault: Fault): Record<string, string> {
  return { [faultField]: fault };
}
