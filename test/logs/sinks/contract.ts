/** What every sink keeps, whatever it sends to: run by the test of each. */
import t, { type Test } from 'tap';
import type { Batch, Sink, SinkFailure, SinkPorts } from '../../../src/logs/sinks/sink.ts';
import { within } from '../../support/within.ts';

/** A destination of a test, and how it is made to misbehave. */
export interface Destination {
  /** A sink of a process that begins. */
  sink(ports: SinkPorts): Sink;
  /** Text of all that counts as delivered, in order. */
  delivered(): Promise<string> | string;
  /** From now on nothing is accepted. */
  refuse(): void;
  accept(): void;
  /** The next batch gets no answer until `accept`, where a destination can do that. */
  hang?(): void;
}

export interface Sent {
  failure: SinkFailure | null;
  mark: string | undefined;
}

export function batchOf(number: number, text: string): Batch {
  const id = number.toString(16).padStart(32, '0');
  return { id, job: 'access', bytes: Buffer.from(text), records: 1, firstMs: number, lastMs: number };
}

export function openSink(sink: Sink, mark: string | null = null): Promise<SinkFailure | null> {
  const opened = new Promise<SinkFailure | null>((resolve) => sink.open(mark, resolve));
  return within(10_000, 'open', opened);
}

export function sendBatch(sink: Sink, batch: Batch): Promise<Sent> {
  let answers = 0;
  const sent = new Promise<Sent>((resolve) => {
    sink.send(batch, (failure, mark) => {
      answers += 1;
      if (answers > 1) throw new Error('answered twice');
      resolve({ failure, mark });
    });
  });
  return within(10_000, 'an answer', sent);
}

export const closeSink = (sink: Sink): Promise<void> =>
  within(10_000, 'close', new Promise<void>((resolve) => sink.close(resolve)));

export class TestPorts {
  readonly told: string[] = [];
  atMs = Date.UTC(2027, 0, 31, 23, 59, 59, 999);

  get bound(): SinkPorts {
    return { tell: (_level, text) => this.told.push(text), nowMs: () => this.atMs };
  }
}

const line = (n: number): string => `{"n":${n}}\n`;

/** `make` gives a fresh destination for each case. */
export function sinkContract(name: string, make: (t: Test) => Promise<Destination> | Destination): void {
  t.test(`${name}: batches are accepted in order, whole and once`, async (t) => {
    const destination = await make(t);
    const sink = destination.sink(new TestPorts().bound);
    t.equal(await openSink(sink), null);
    let expected = '';
    for (let n = 0; n < 20; n++) {
      const text = line(n).repeat(1 + n * n);
      t.equal((await sendBatch(sink, batchOf(n, text))).failure, null);
      expected += text;
    }
    await closeSink(sink);
    t.equal(await destination.delivered(), expected);
    t.ok(sink.description.length > 0);
  });

  t.test(`${name}: nothing of what is refused counts, and the same batch is accepted later`, async (t) => {
    const destination = await make(t);
    const sink = destination.sink(new TestPorts().bound);
    t.equal(await openSink(sink), null);
    t.equal((await sendBatch(sink, batchOf(1, line(1)))).failure, null);
    destination.refuse();
    for (let attempt = 0; attempt < 3; attempt++) {
      const { failure } = await sendBatch(sink, batchOf(2, line(2)));
      t.match(failure, { code: /^\w+$/, message: /.+/ });
    }
    t.equal(await destination.delivered(), line(1));
    destination.accept();
    t.equal((await sendBatch(sink, batchOf(2, line(2)))).failure, null);
    t.equal((await sendBatch(sink, batchOf(3, line(3)))).failure, null);
    await closeSink(sink);
    t.equal(await destination.delivered(), line(1) + line(2) + line(3));
  });

  t.test(`${name}: reopening between batches, and before the first, loses nothing`, async (t) => {
    const destination = await make(t);
    const sink = destination.sink(new TestPorts().bound);
    sink.reopen();
    t.equal(await openSink(sink), null);
    let expected = '';
    for (let n = 0; n < 5; n++) {
      sink.reopen();
      const sending = sendBatch(sink, batchOf(n, line(n)));
      sink.reopen();
      t.equal((await sending).failure, null);
      expected += line(n);
    }
    await closeSink(sink);
    t.equal(await destination.delivered(), expected);
  });

  t.test(`${name}: the next process goes on at the mark`, async (t) => {
    const destination = await make(t);
    const ports = new TestPorts();
    const first = destination.sink(ports.bound);
    t.equal(await openSink(first), null);
    const { mark } = await sendBatch(first, batchOf(1, line(1)));
    // It is accepted, but the process dies before the cursor knows.
    t.equal((await sendBatch(first, batchOf(2, line(2)))).failure, null);

    const next = destination.sink(ports.bound);
    t.equal(await openSink(next, mark ?? null), null);
    t.equal((await sendBatch(next, batchOf(2, line(2)))).failure, null);
    t.equal((await sendBatch(next, batchOf(3, line(3)))).failure, null);
    await closeSink(next);
    await closeSink(first);
    t.equal(await destination.delivered(), line(1) + line(2) + line(3));
  });

  t.test(`${name}: closing while a batch is on its way answers for it first`, async (t) => {
    const destination = await make(t);
    const sink = destination.sink(new TestPorts().bound);
    t.equal(await openSink(sink), null);
    t.equal((await sendBatch(sink, batchOf(1, line(1)))).failure, null);
    destination.hang?.();
    const order: string[] = [];
    let failure: SinkFailure | null | undefined;
    const sent = new Promise<void>((resolve) =>
      sink.send(batchOf(2, line(2)), (given) => {
        failure = given;
        order.push('sent');
        resolve();
      }),
    );
    await closeSink(sink);
    order.push('closed');
    await within(10_000, 'an answer', sent);
    t.same(order, ['sent', 'closed']);
    destination.accept();
    const expected = failure === null ? line(1) + line(2) : line(1);
    t.equal(await destination.delivered(), expected);
  });

  t.test(`${name}: closing what was never opened ends`, async (t) => {
    const destination = await make(t);
    await closeSink(destination.sink(new TestPorts().bound));
    t.equal(await destination.delivered(), '');
  });
}
