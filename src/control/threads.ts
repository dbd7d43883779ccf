/**
 * The entries of the threads, and how they are started. A compiler does not rewrite the paths of entries: they have the
 * extension that this file has itself.
 */
import { Worker } from 'node:worker_threads';
import type { EdgeThreadSetup } from '../edge/protocol.ts';
import type { ShipperThread } from './delivery.ts';
import type { EdgeThread } from './edge-life.ts';
import type { ReadQuestion } from './read-apart.ts';

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

const entries = {
  edge: new URL(`../edge/worker.thread${extension}`, import.meta.url),
  config: new URL(`./config.thread${extension}`, import.meta.url),
  shipper: new URL(`../shipper/shipper.thread${extension}`, import.meta.url),
} as const;

const shipperHeapMb = 512;

export function createEdge(setup: EdgeThreadSetup, heapMb: number): EdgeThread {
  return new Worker(entries.edge, {
    name: `edge ${setup.engine.workerIndex}`,
    workerData: setup,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
}

export function createShipper(): ShipperThread {
  return new Worker(entries.shipper, {
    name: 'shipper',
    resourceLimits: { maxOldGenerationSizeMb: shipperHeapMb },
  });
}

export function createConfigReader(question: ReadQuestion): Worker {
  return new Worker(entries.config, { name: 'config', workerData: question });
}
