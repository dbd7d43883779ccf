/** Places of addresses: what databases of several shapes tell, what is not known, and what is damaged. */
import t from 'tap';
import { openDatabase, verify } from '../../src/geo/config.ts';
import { Locator } from '../../src/geo/locator.ts';
import { placeOf } from '../../src/geo/place.ts';
import { addressBytes, parseIp } from '../../src/lib/ip.ts';
import { countryRecord, type MmdbValue, sharedMmdb as shared, writeMmdb } from '../support/mmdb.ts';

function countryAt(locator: Locator, address: string): string {
  const bytes = new Uint8Array(addressBytes + 3);
  if (!parseIp(address, bytes, 3)) throw new Error(`"${address}" is no address`);
  return locator.at(bytes, 3).country;
}

const networks = {
  '192.0.2.0/24': countryRecord('DE', 'EU', true),
  '192.0.2.128/25': countryRecord('FR', 'EU', true),
  '203.0.113.7': countryRecord('T1'),
  '2001:db8::/32': countryRecord('JP', 'AS'),
};

for (const recordSize of [24, 28, 32] as const) {
  t.test(`addresses of both kinds, records of ${recordSize} bits`, async (t) => {
    const locator = new Locator([shared(writeMmdb(networks, { recordSize }))]);
    for (const turn of ['found', 'remembered']) {
      t.equal(countryAt(locator, '192.0.2.1'), 'DE', turn);
      t.equal(countryAt(locator, '192.0.2.200'), 'FR', turn);
      t.equal(countryAt(locator, '::ffff:192.0.2.200'), 'FR', turn);
      t.equal(countryAt(locator, '203.0.113.7'), 'T1', turn);
      t.equal(countryAt(locator, '203.0.113.8'), 'XX', turn);
      t.equal(countryAt(locator, '2001:db8:1::1'), 'JP', turn);
      t.equal(countryAt(locator, '2001:db9::1'), 'XX', turn);
      t.equal(countryAt(locator, '::'), 'XX', turn);
    }
  });
}

t.test('a database of IPv4 alone knows no IPv6', async (t) => {
  const { '2001:db8::/32': _, ...four } = networks;
  const locator = new Locator([shared(writeMmdb(four, { ipVersion: 4 }))]);
  t.equal(countryAt(locator, '192.0.2.1'), 'DE');
  t.equal(countryAt(locator, 'c000:201::1'), 'XX', 'whose first bytes are those of 192.0.2.1');
});

t.test('more addresses than are remembered', async (t) => {
  const locator = new Locator([shared(writeMmdb({ ...networks, '10.0.0.0/9': countryRecord('IT') }))]);
  let wrong = 0;
  for (let index = 0; index < 20_000; index += 1) {
    const isKnown = index % 2 === 0;
    const found = countryAt(locator, `10.${isKnown ? 1 : 200}.${index >> 8}.${index & 0xff}`);
    if (found !== (isKnown ? 'IT' : 'XX')) wrong += 1;
  }
  t.equal(wrong, 0);
});

t.test('databases are asked in their order', async (t) => {
  const own = writeMmdb({ '10.0.0.0/8': countryRecord('SE'), '192.0.2.1': countryRecord('NO') });
  const locator = new Locator([shared(own), shared(writeMmdb(networks))]);
  t.equal(countryAt(locator, '10.1.1.1'), 'SE');
  t.equal(countryAt(locator, '192.0.2.1'), 'NO');
  t.equal(countryAt(locator, '192.0.2.2'), 'DE');
  t.equal(countryAt(new Locator([]), '192.0.2.1'), 'XX');
});

t.test('records of several shapes', async (t) => {
  const rows: [MmdbValue, object | undefined][] = [
    [countryRecord('DE', 'EU', true), { country: 'DE', continent: 'EU', isInEuropeanUnion: true }],
    [countryRecord('FR', 'EU'), { country: 'FR', continent: 'EU', isInEuropeanUnion: false }],
    [countryRecord('T1', 'EU'), { country: 'T1', continent: 'T1', isInEuropeanUnion: false }],
    [
      { country_code: 'fr', continent_code: 'EU' },
      { country: 'FR', continent: 'EU', isInEuropeanUnion: true },
    ],
    [
      { country: 'Japan', country_code: 'JP', continent: 'Asia' },
      { country: 'JP', continent: '', isInEuropeanUnion: false },
    ],
    [{ country: 'US' }, { country: 'US', continent: '', isInEuropeanUnion: false }],
    [{ continent: { code: 'EU' } }, { country: 'XX', continent: 'EU', isInEuropeanUnion: false }],
    [{ autonomous_system_number: 64500 }, undefined],
    [{ country: { iso_code: 'DEU' } }, undefined],
    ['DE', undefined],
  ];
  for (const [record, place] of rows) t.same(placeOf(record), place, JSON.stringify(record));
});

function faultOf(bytes: Uint8Array): string {
  try {
    verify(openDatabase(shared(bytes)));
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('what cannot be used is told', async (t) => {
  const good = writeMmdb(networks);
  t.equal(faultOf(good), '');
  t.match(faultOf(Buffer.alloc(0)), 'no database');
  t.match(faultOf(Buffer.from('not a database')), 'no database');
  t.match(faultOf(good.subarray(0, good.length / 2)), 'no database');
  t.match(faultOf(good.subarray(100)), /damaged|no countries/, 'its beginning is missing');
  const astray = Buffer.from(good);
  astray.fill(0xff, 60, 63);
  t.match(faultOf(astray), 'node 10 of its search tree leads nowhere');
  const numbers = writeMmdb({ '192.0.2.0/24': { autonomous_system_number: 1 } }, { type: 'Test-ASN' });
  t.equal(faultOf(numbers), 'there are no countries in it (it says that it is a Test-ASN)');
});

t.test('a damaged record is a place that is not known', async (t) => {
  const good = writeMmdb(networks);
  const data = good.indexOf('iso_code') - 40;
  for (let at = data; at < data + 60; at += 1) {
    const damaged = Buffer.from(good);
    damaged[at] = 0x3f;
    t.match(countryAt(new Locator([shared(damaged)]), '192.0.2.1'), /^[A-Z][A-Z0-9]$/);
  }
});
