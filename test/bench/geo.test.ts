/** The benchmark of look-ups finds the right countries. */
import t from 'tap';
import { costOf, manyNetworks } from '../../bench/micro/geo.ts';
import { Locator } from '../../src/geo/index.ts';
import { sharedMmdb, writeMmdb } from '../support/mmdb.ts';

t.test('each address is in the country of its network', async (t) => {
  const locator = new Locator([sharedMmdb(writeMmdb(manyNetworks(512), { recordSize: 28 }))]);
  t.ok(costOf(locator, 512, 2000) >= 0);
  t.throws(() => costOf(new Locator([]), 512, 2000), /2000 of 2000 countries are wrong/);
});
