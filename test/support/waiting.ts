/** Requests that wait for what another one fetches. */
import { waitMetric } from './admin.ts';
import type { Parapet } from './parapet.ts';
import type { Answer, RawClient, RequestOptions } from './raw-client.ts';
import { Deferred } from './within.ts';

/** Followers that wait for a fetch. */
export async function followed(parapet: Parapet, followers: number, before: number): Promise<void> {
  await waitMetric(parapet, 'parapet_collapsed_total', (value) => value >= before + followers);
}

export interface Waiting {
  answer: Promise<Answer>;
  /** The first byte of the body has come. */
  begun: Promise<void>;
}

/** A request whose answer comes piece by piece. */
export function ask(client: RawClient, path: string, options: RequestOptions = {}): Waiting {
  const begun = new Deferred<void>();
  const pieces: Buffer[] = [];
  const answer = client
    .request(path, {
      timeoutMs: 20_000,
      ...options,
      onBody: (piece) => {
        pieces.push(Buffer.from(piece));
        begun.resolve();
      },
    })
    .then((each) => Object.create(each, { body: { value: Buffer.concat(pieces) } }) as Answer);
  answer.catch(() => {});
  return { answer, begun: begun.promise };
}
