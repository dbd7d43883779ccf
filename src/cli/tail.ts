/** `parapet logs tail`: live records of the running process, until Ctrl-C. */

import { createInterface } from 'node:readline';
import { text as readText } from 'node:stream/consumers';
import { detailOf, openAdmin } from './admin-client.ts';
import { CommandError, readConfig } from './read-config.ts';

export interface TailOptions {
  config: string;
  job?: string;
  filter?: string;
}

/** Without an answer; later the stream may be silent for as long as nobody asks for anything. */
const answerMs = 10_000;

export async function tail({ config, job, filter }: TailOptions): Promise<number> {
  const configuration = readConfig(config);
  const query = new URLSearchParams();
  if (job !== undefined) query.set('job', job);
  if (filter !== undefined) query.set('filter', filter);
  const path = `/logs/tail?${query.toString()}`;
  const response = await openAdmin(configuration, { method: 'GET', path, timeoutMs: answerMs });
  if (response.statusCode !== 200) throw refusal(response.statusCode ?? 0, await readText(response));
  response.socket.setTimeout(0);

  let isEnded = false;
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  const stop = (): void => {
    isEnded = true;
    lines.close();
    response.destroy();
  };
  // Whoever reads the output has gone: that is how a pipe ends.
  process.stdout.on('error', stop);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // A process that is killed ends the stream without a word.
  response.on('error', () => lines.close());
  for await (const line of lines) {
    if (isEnded) break;
    const note = noteOf(line);
    if (note !== undefined) {
      process.stderr.write(`parapet: ${note.text}\n`);
      isEnded ||= note.isLast;
    } else if (!process.stdout.write(`${line}\n`) && !isEnded) {
      await new Promise<void>((resolve) => {
        process.stdout.once('drain', resolve);
        process.stdout.once('error', () => resolve());
      });
    }
  }
  if (!isEnded) throw new CommandError('the process that was watched has gone');
  return 0;
}

/** What a line says that is no record. */
function noteOf(line: string): { text: string; isLast: boolean } | undefined {
  if (!line.startsWith('{"Tail')) return undefined;
  const { TailEnded: why, TailSkipped: skipped = 0 } = JSON.parse(line) as {
    TailEnded?: string;
    TailSkipped?: number;
  };
  const missed = `${skipped} records were not shown: they came faster than they were read`;
  if (why === undefined) return { text: missed, isLast: false };
  return { text: skipped === 0 ? why : `${why}; ${missed}`, isLast: true };
}

/** A fault in a filter is shown at its place. */
function refusal(status: number, body: string): CommandError {
  const detail = detailOf({ status, body });
  try {
    const { filter, from, to } = JSON.parse(body) as { filter?: string; from?: number; to?: number };
    if (filter === undefined || from === undefined || to === undefined) return new CommandError(detail);
    const line = filter.replaceAll(/\s/g, ' ');
    const marks = '^'.repeat(Math.max(1, to - from));
    return new CommandError(`parapet: ${detail}\n  ${line}\n  ${' '.repeat(from)}${marks}\n`, true);
  } catch {
    return new CommandError(detail);
  }
}
