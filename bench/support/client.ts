/** The two clients: wrk for the figures, and one that sends an exact number of requests for the tiny form. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Address } from '../../test/support/raw-client.ts';
import { converse } from './converse.ts';

export interface ClientResult {
  /** Responses that came whole. */
  responses: number;
  /** Requests that may have been sent without an answer that was counted. */
  unansweredMax: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  faults: string;
}

const run = promisify(execFile);
const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function percentile(output: string, percent: number): number {
  const match = new RegExp(`\\s${percent}%\\s+([0-9.]+)(us|ms|s|m)`).exec(output);
  return match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] as string] ?? Number.NaN);
}

export async function runWrk(
  address: Address,
  path: string,
  options: { connections: number; seconds: number; core: number; isTls: boolean; script?: string },
): Promise<ClientResult> {
  const { connections, seconds, core, isTls, script } = options;
  const words = [
    '-c',
    String(core),
    'wrk',
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    '--latency',
    ...(script === undefined ? [] : ['-s', script]),
  ];
  const target = `${isTls ? 'https' : 'http'}://${address.host}:${address.port}${path}`;
  const { stdout } = await run('taskset', [...words, '-H', 'Host: bench.test', target], {
    timeout: seconds * 1000 + 30_000,
  });
  const total = /(\d+) requests in ([0-9.]+)(ms|s|m)/.exec(stdout);
  if (total === null) throw new Error(`wrk said:\n${stdout}`);
  return {
    responses: Number(total[1]),
    // wrk stops in the middle: each connection has one request under way.
    unansweredMax: connections,
    seconds: (Number(total[2]) * (unitMs[total[3] as string] ?? Number.NaN)) / 1000,
    p50Ms: percentile(stdout, 50),
    p99Ms: percentile(stdout, 99),
    faults: (stdout.match(/(Socket errors|Non-2xx).*/g) ?? []).join('; '),
  };
}

/** An exact number of requests, every answer compared with what it must be. */
export async function runBounded(
  address: Address,
  path: string,
  options: { connections: number; requests: number; body: Buffer; isTls: boolean },
): Promise<ClientResult> {
  const started = performance.now();
  const times: number[] = [];
  let begun = 0;
  let wrong = 0;
  const lane = async (): Promise<void> => {
    const client = await converse(address, options.isTls);
    while (begun < options.requests) {
      begun += 1;
      const sent = performance.now();
      const answer = await client.ask(path);
      times.push(performance.now() - sent);
      if (answer.status !== 200 || !answer.body.equals(options.body)) wrong += 1;
    }
    client.end();
  };
  await Promise.all(Array.from({ length: options.connections }, lane));
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    responses: times.length,
    unansweredMax: 0,
    seconds: (performance.now() - started) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    faults: wrong === 0 ? '' : `${wrong} wrong answers`,
  };
}
