/** One round: load on one proxy, and the processor time that it cost, read after every record has been delivered. */
import { cpuSeconds } from '../../test/support/proc.ts';
import type { ClientResult } from './client.ts';
import { type CpuTime, cpuOf, drained, type LineCounter, type Subject } from './subject.ts';

export interface Round {
  requests: number;
  records: number;
  /** Microseconds of processor time per request: user, system, and both. */
  userUs: number;
  systemUs: number;
  cpuUs: number;
  /** Of the process that is reported apart (the supervisor). */
  asideUs: number;
  /** Share of one core that the server used while the load ran. */
  busy: number;
  throughput: number;
  p50Ms: number;
  p99Ms: number;
  faults: string;
}

const totalOf = (time: CpuTime): number => time.user + time.system;

export async function measure(
  subject: Subject,
  counter: LineCounter,
  load: () => Promise<ClientResult>,
): Promise<Round> {
  await subject.settled();
  await counter.empty();
  const before = await subject.requests();
  const pids = await subject.pids();
  const asideTime = (): number => {
    const time = subject.asidePid === undefined ? undefined : cpuSeconds(subject.asidePid);
    return time === undefined ? 0 : totalOf(time);
  };
  const aside = asideTime();
  const start = await cpuOf(pids);
  const result = await load();
  const loaded = await cpuOf(pids);
  const requests = await drained(counter, async () => (await subject.requests()) - before);
  const end = await cpuOf(pids);
  const perRequest = (seconds: number): number => (seconds * 1e6) / requests;
  check(subject, result, requests, await counter.count());
  return {
    requests,
    records: counter.lines,
    userUs: perRequest(end.user - start.user),
    systemUs: perRequest(end.system - start.system),
    cpuUs: perRequest(totalOf(end) - totalOf(start)),
    asideUs: perRequest(asideTime() - aside),
    busy: (totalOf(loaded) - totalOf(start)) / result.seconds,
    throughput: result.responses / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    faults: result.faults,
  };
}

/** Client, server and log must agree on how many requests there were. */
function check(subject: Subject, result: ClientResult, requests: number, records: number): void {
  if (result.faults !== '') throw new Error(`${subject.name}: ${result.faults}`);
  if (records !== requests) throw new Error(`${subject.name}: ${requests} requests, but ${records} records`);
  if (requests < result.responses || requests > result.responses + result.unansweredMax) {
    throw new Error(
      `${subject.name}: the client counted ${result.responses} responses, the server ${requests} requests`,
    );
  }
}

/** The round whose cost is the median. */
export function median(rounds: Round[]): Round {
  const sorted = [...rounds].sort((a, b) => a.cpuUs - b.cpuUs);
  return sorted[Math.floor((sorted.length - 1) / 2)] as Round;
}
