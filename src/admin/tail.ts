/**
 * `GET /logs/tail`: live records as NDJSON, for as long as the client stays. Two lines are no records: `TailSkipped` tells
 * how many it missed because it did not keep up, `TailEnded` is the last one, and why.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminPorts, TailQuestion } from './ports.ts';
import { problems } from './problem.ts';
import { problem, type Reply } from './reply.ts';

export const linesType = 'application/x-ndjson';

/** What a query asks for; a text says what is wrong with it. */
function readQuestion(url: string): TailQuestion | string {
  const query = new URLSearchParams(url.split('?').slice(1).join('?'));
  const question: TailQuestion = {};
  for (const [name, value] of query) {
    if (name !== 'job' && name !== 'filter') return `"${name}" is not known here; "job" and "filter" are.`;
    if (question[name] !== undefined) return `"${name}" is there twice.`;
    question[name] = value;
  }
  return question;
}

/** Null: it is answered, and goes on until the client goes. */
export function beginTail(
  ports: AdminPorts,
  request: IncomingMessage,
  response: ServerResponse,
): Reply | null {
  const question = readQuestion(request.url ?? '');
  if (typeof question === 'string') return problem(problems.bad(question));
  let skippedInAll = 0;
  const tell = (value: object): string => `${JSON.stringify(value)}\n`;
  const begun = ports.logTail(question, {
    lines: (lines, skipped, taken) => {
      skippedInAll += skipped;
      if (skipped > 0) response.write(tell({ TailSkipped: skipped }));
      // Called when the system has it: a client that does not read is not written to.
      response.write(lines, () => taken());
    },
    ended: (why) => response.end(tell({ TailEnded: why, TailSkipped: skippedInAll })),
  });
  if (!begun.ok) return problem(begun.problem);
  response.on('close', begun.value);
  response.writeHead(200, {
    'content-type': linesType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.flushHeaders();
  return null;
}
