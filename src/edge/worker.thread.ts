/**
 * The root of an edge worker thread: builds engine and policy, and does between two batches what control asks for. It
 * never loads config, admin or sinks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadBinding } from '../engine/native/binding.ts';
import { systemClock } from '../lib/clock.ts';
import { buildPolicy } from './policy.ts';
import type { EdgeConfiguration, EdgeThreadSetup, FromEdge, ToEdge } from './protocol.ts';

const { engine, configuration, matchCounts } = workerData as EdgeThreadSetup;
const control = parentPort;
if (control === null) throw new Error('an edge worker is started by control, as a thread');

/** How often snapshots that no exchange refers to any more are looked for, while there are several. */
const retainMs = 5_000;

const binding = loadBinding();
const prepared = new Map<number, EdgeConfiguration>();

const say = (message: FromEdge) => control.postMessage(message);
const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

// An error that reaches nobody costs its exchange, not the worker: the engine answers for it in time.
process.on('uncaughtException', (error) => say({ kind: 'fault', text: textOf(error), isCounted: false }));
process.on('unhandledRejection', (reason) => say({ kind: 'fault', text: textOf(reason), isCounted: false }));

const { arena, ringPath, ringKind, ringError } = binding.engineCreate(engine, onBatch);
binding.engineSetTicketKeys(engine.ticketKeys);
const counts = new Int32Array(matchCounts);
const policy = buildPolicy(arena, binding, configuration.policy, engine.workerIndex, counts);
apply(configuration);

/** The first batch comes from the loop, after all of this file has run. */
function onBatch(): void {
  try {
    policy.onBatch();
  } catch (error) {
    say({ kind: 'fault', text: textOf(error), isCounted: true });
    throw error;
  }
}

function apply({ policy: { id }, tables, listeners }: EdgeConfiguration): void {
  binding.engineConfigure(id, tables);
  binding.engineSetListeners(listeners);
}

/** In slices: the snapshot in force goes on serving between them. */
async function prepare(next: EdgeConfiguration): Promise<void> {
  const { id } = next.policy;
  try {
    binding.engineCheck(id, next.tables);
    const steps = policy.prepareInSlices(next.policy);
    while (steps.next().done !== true) await nextTurn();
    prepared.set(id, next);
    say({ kind: 'prepared', id });
  } catch (error) {
    say({ kind: 'refused', id, message: error instanceof Error ? error.message : String(error) });
  }
}

function commit(id: number): void {
  const next = prepared.get(id);
  if (next === undefined) return;
  prepared.delete(id);
  policy.commit(id);
  apply(next);
  say({ kind: 'committed', id });
}

function stop(): void {
  binding.engineStop();
  process.exit(0);
}

function abandon(id: number): void {
  prepared.delete(id);
  policy.abandon(id);
}

/** What concerns configurations is done in the order in which it was asked for. */
let configuring = Promise.resolve();
const inTurn = (step: () => Promise<void> | void) => {
  configuring = configuring.then(step);
};

control.on('message', (message: ToEdge) => {
  switch (message.kind) {
    case 'prepare':
      inTurn(async () => await prepare(message.configuration));
      break;
    case 'commit':
      inTurn(() => commit(message.id));
      break;
    case 'abandon':
      inTurn(() => abandon(message.id));
      break;
    case 'addresses':
      binding.engineSetAddresses(message.server, message.addresses);
      break;
    case 'ticketKeys':
      binding.engineSetTicketKeys(message.keys);
      break;
    case 'drain':
      binding.engineDrain();
      say({ kind: 'draining' });
      break;
    case 'stop':
      stop();
      break;
  }
});

systemClock.every(retainMs, () => {
  if (policy.snapshotIds.length > 1) policy.retain(binding.engineLiveSnapshots());
});
say({ kind: 'ready', ringPath, ringKind, ringError });
