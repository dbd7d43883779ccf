import t from 'tap';
import { benchShipper } from '../../bench/micro/shipper.ts';

t.test('the benchmark of the shipper finds every record, in its tiny form', async (t) => {
  const { nsPerRecord, bytesPerRecord } = await benchShipper(300);
  t.ok(nsPerRecord > 0);
  t.ok(bytesPerRecord > 100);
});
