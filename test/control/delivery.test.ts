/** The log thread as control sees it, played by the test. */
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Delivery, type ShipperThread } from '../../src/control/delivery.ts';
import { logFamilies } from '../../src/control/log-families.ts';
import type { LogsConfig } from '../../src/logs/config.ts';
import { formatExposition } from '../../src/metrics/index.ts';
import type { FromShipper, ShipperStats, ToShipper } from '../../src/shipper/protocol.ts';
import { HandClock } from '../support/hand-clock.ts';
import { temporaryFolder } from '../support/temp.ts';

class FakeThread extends EventEmitter implements ShipperThread {
  readonly heard: ToShipper[] = [];

  postMessage(message: ToShipper): void {
    this.heard.push(message);
  }

  say(message: FromShipper): void {
    this.emit('message', message);
  }

  async terminate(): Promise<number> {
    this.emit('exit', 0);
    return 0;
  }
}

const stats: ShipperStats = {
  jobs: [],
  rings: [],
  recoveredRings: 1,
  setAsideRings: 0,
  interruptedRecords: 2,
  damagedBytes: 0,
  spool: {
    segments: 1,
    bytes: 4096,
    bytesMax: 8192,
    oldestMs: null,
    nextRecord: 7,
    lastError: null,
    failures: 0,
    removedSegments: 0,
    setAsideSegments: 0,
  },
};

function start(t: Test) {
  const clock = new HandClock();
  const threads: FakeThread[] = [];
  const told: string[] = [];
  const spool = { bytesMax: 8192, segmentBytes: 1024 };
  const logs = { directory: temporaryFolder(t), jobs: [], spool } as unknown as LogsConfig;
  const delivery = new Delivery(logs, 'b007', {
    clock,
    tell: (line) => told.push(line),
    createThread: () => {
      const thread = new FakeThread();
      threads.push(thread);
      return thread;
    },
  });
  delivery.start();
  return { clock, threads, told, delivery, logs, last: () => threads.at(-1) as FakeThread };
}

t.test('it starts with the folder and the jobs, and hears of rings', async (t) => {
  const { delivery, last, logs } = start(t);
  delivery.addRing('/r1');
  delivery.addRing('');
  delivery.ringLeft('/r1');
  delivery.ringLeft('/never');
  delivery.reopen();
  delivery.configure({ ...logs, jobs: [] });
  t.same(last().heard, [
    { type: 'start', directory: logs.directory, bootIdHex: 'b007', rings: [], jobs: [], spool: logs.spool },
    { type: 'addRing', path: '/r1' },
    { type: 'recover', path: '/r1' },
    { type: 'reopen' },
    { type: 'configure', jobs: [], spool: logs.spool },
  ]);
});

t.test(
  'a thread that dies is started again with the rings that are written, and recovers those that are left',
  async (t) => {
    const { clock, delivery, last, logs, threads, told } = start(t);
    const left = join(logs.directory, 'left');
    writeFileSync(left, '');
    for (const path of [left, '/gone', '/written']) delivery.addRing(path);
    delivery.ringLeft(left);
    delivery.ringLeft('/gone');
    clock.advance(1000);
    last().emit('error', new Error('oops'));
    last().emit('exit', 1);
    t.match(told, [/logs: the thread ended \(oops\) and is started again/]);
    clock.advance(0);
    t.equal(threads.length, 2);
    t.match(last().heard, [
      { type: 'start', rings: ['/written'] },
      { type: 'recover', path: left },
    ]);
    t.equal(last().heard.length, 2);
    t.equal(delivery.restarts, 1);
  },
);

t.test('stats are asked for by number, and are not waited for for ever', async (t) => {
  const { clock, delivery, last } = start(t);
  const [first, second] = [delivery.stats(), delivery.stats()];
  last().say({ type: 'stats', id: 2, stats });
  t.equal(await second, stats);
  clock.advance(2000);
  t.equal(await first, undefined);
});

t.test('draining waits for what the thread says, for its time at most', async (t) => {
  const quick = start(t);
  const done = quick.delivery.drain(500);
  t.same(quick.last().heard.at(-1), { type: 'drain', deadlineMs: 500 });
  quick.last().say({ type: 'drained', isComplete: true, stats });
  await done;
  t.same(quick.told, []);
  const slow = start(t);
  const late = slow.delivery.drain(500);
  slow.last().say({ type: 'drained', isComplete: false, stats });
  await late;
  t.match(slow.told, [/not everything is delivered/]);
  const stuck = start(t);
  let isOver = false;
  void stuck.delivery.drain(500).then(() => {
    isOver = true;
    return undefined;
  });
  stuck.clock.advance(2499);
  await turn();
  t.notOk(isOver);
  stuck.clock.advance(1);
  await turn();
  t.ok(isOver);
});

t.test('what the thread has to tell reaches the operator', async (t) => {
  const { last, told } = start(t);
  last().say({ type: 'started', recovered: 2, setAside: 1 });
  last().say({ type: 'started', recovered: 0, setAside: 0 });
  last().say({ type: 'notice', level: 'error', text: 'disk full' });
  t.same(told, [
    'logs: 2 rings of an earlier process are delivered',
    'logs: 1 rings cannot be read and are set aside',
    'logs: disk full',
  ]);
});

t.test('its numbers are metrics, by job and by worker', async (t) => {
  const job = {
    name: 'access',
    destination: 'file /x',
    emitted: 9,
    delivered: 5,
    filtered: 1,
    sampled: 0,
    dropped: { ring_full: 0, behind: 2, damaged: 0, removed: 0 },
    inFlight: 1,
    bytes: 10,
    batches: 2,
    failures: 3,
    isFailing: true,
    lagBytes: 7,
    lagMs: 1500,
    cursor: { segment: 0, offset: 120, record: 8 },
    lastError: 'x',
    lastCompleteMs: null,
    nextRetryMs: 5,
  };
  const ring = {
    path: '/r',
    workerIndex: 1,
    ringId: 4,
    bytesUsed: 6,
    bytesMax: 8,
    sequence: 9,
    dropped: 2,
    isSealed: false,
  };
  const text = formatExposition(
    logFamilies({ ...stats, jobs: [job], rings: [ring, { ...ring, workerIndex: 0, isSealed: true }] }, 1),
  );
  for (const line of [
    'parapet_logs_up 1',
    'parapet_logs_thread_restarts_total 1',
    'parapet_logs_job_delivered_total{job="access"} 5',
    'parapet_logs_job_dropped_total{job="access",reason="behind"} 2',
    'parapet_logs_job_in_flight{job="access"} 1',
    'parapet_logs_spool_used_bytes 4096',
    'parapet_logs_job_failures_total{job="access"} 3',
    'parapet_logs_job_failing{job="access"} 1',
    'parapet_logs_job_lag_seconds{job="access"} 1.5',
    'parapet_logs_ring_used_bytes{worker="1"} 6',
    'parapet_logs_interrupted_records_total 2',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
  t.notMatch(text, /worker="0"/);
  t.match(formatExposition(logFamilies(undefined, 0)), /parapet_logs_up 0/);
});
