/**
 * Reads a config in a thread of its own: ten thousand rules take seconds, in which control answers the admin API and the
 * supervisor. One that memory does not suffice for refuses a reload, and ends nothing else.
 */
import type { EventEmitter } from 'node:events';
import { ConfigFiles, type Ids } from '../config/index.ts';
import type { Configuration, Read } from './configuration.ts';

export interface ReadQuestion {
  file: string;
  text: string;
  before: Ids;
  testFaults: boolean;
}

/** A `Read`, as it comes out of the thread. */
export type ReadAnswer =
  | Extract<Read, { ok: false }>
  | {
      ok: true;
      configuration: Omit<Configuration, 'files'> & {
        files: readonly (readonly [path: string, bytes: Uint8Array])[];
      };
    };

/** Rejects where the thread ended without an answer. */
export async function readApart(
  question: ReadQuestion,
  createReader: (question: ReadQuestion) => EventEmitter,
): Promise<Read> {
  const answer = await new Promise<ReadAnswer>((resolve, reject) => {
    const thread = createReader(question);
    thread.once('message', resolve);
    thread.once('error', reject);
    // Behind `message`, where there was one.
    thread.once('exit', () => reject(new Error('the thread that read it has ended')));
  });
  if (!answer.ok) return answer;
  const { configuration } = answer;
  return { ok: true, configuration: { ...configuration, files: new ConfigFiles(configuration.files) } };
}
