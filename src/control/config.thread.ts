/** Root of the thread that reads one config. */
import { parentPort, workerData } from 'node:worker_threads';
import { readConfiguration } from './configuration.ts';
import type { ReadAnswer, ReadQuestion } from './read-apart.ts';

const control = parentPort;
if (control === null) throw new Error('the reader of configs is a worker thread');

const { file, text, before, testFaults } = workerData as ReadQuestion;
const read = readConfiguration(file, text, before, testFaults);
const answer: ReadAnswer = read.ok
  ? { ok: true, configuration: { ...read.configuration, files: [...read.configuration.files.contents] } }
  : read;
control.postMessage(answer);
