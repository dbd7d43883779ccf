/** Root of the log thread: hands the outside world to the shipper, and ends when it has drained. */
import fs from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { loadRingBinding } from '../engine/native/ring-binding.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandomHex } from '../lib/random.ts';
import { sinkOf } from '../logs/index.ts';
import type { FromShipper, ToShipper } from './protocol.ts';
import { Shipper } from './shipper.ts';

const control = parentPort;
if (control === null) throw new Error('the shipper is a worker thread');

const randomBytes = 4;

const shipper = new Shipper({
  binding: loadRingBinding(),
  clock: systemClock,
  random: () => Number.parseInt(systemRandomHex(randomBytes), 16) / 2 ** (8 * randomBytes),
  folder: fs,
  files: fs,
  sinkOf,
  post: (message: FromShipper) => {
    control.postMessage(message);
    if (message.type === 'drained') control.close();
  },
});

control.on('message', (message: ToShipper) => shipper.handle(message));
