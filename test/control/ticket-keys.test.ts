/** Keys for session tickets come and go by the clock, in the order in which they are handed to the workers. */
import t from 'tap';
import { TicketKeys } from '../../src/control/ticket-keys.ts';
import { ticketKeyBytes } from '../../src/engine/native/binding.ts';
import { HandClock } from '../support/hand-clock.ts';

function setUp() {
  const clock = new HandClock();
  const published: number[][] = [];
  let drawn = 0;
  const randomHex = (bytes: number) => (drawn += 1).toString(16).padStart(2, '0').repeat(bytes);
  /** Every key is one byte repeated: its number. */
  const numbers = (bytes: Uint8Array) =>
    Array.from({ length: bytes.length / ticketKeyBytes }, (_, index) => bytes[index * ticketKeyBytes] ?? 0);
  const keys = new TicketKeys(clock, randomHex, (bytes) => published.push(numbers(bytes)));
  return { clock, keys, published, numbers };
}

t.test('the newest seals, the two before it open', async (t) => {
  const { clock, keys, published, numbers } = setUp();
  t.same(numbers(keys.bytes), [1]);
  keys.follow(100);
  clock.advance(99_999);
  t.same(published, []);
  clock.advance(1);
  t.same(published, [[2, 1]]);
  clock.advance(200_000);
  t.same(published.slice(1), [
    [3, 2, 1],
    [4, 3, 2],
  ]);
  t.same(numbers(keys.bytes), [4, 3, 2], 'a worker that starts now gets them too');
});

t.test('another period holds from now on, the same one changes nothing', async (t) => {
  const { clock, keys, published } = setUp();
  keys.follow(100);
  clock.advance(60_000);
  keys.follow(100);
  clock.advance(40_000);
  t.equal(published.length, 1, 'the same period went on');
  keys.follow(10);
  clock.advance(10_000);
  t.equal(published.length, 2);
  keys.close();
  clock.advance(1_000_000);
  t.equal(published.length, 2);
});
