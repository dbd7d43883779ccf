import t from 'tap';
import { latin1Bytes, readDeltaSeconds } from '../../src/lib/bytes.ts';

t.test('delta-seconds', async (t) => {
  const read = (text: string): number => readDeltaSeconds(latin1Bytes(text), 0, text.length);
  t.equal(read('0'), 0);
  t.equal(read('007'), 7);
  t.equal(read('99999999999999999999'), 2_147_483_647);
  for (const text of ['', '-1', '1.0', 'a', '1 ', '1,2']) t.equal(read(text), -1, text);
});
