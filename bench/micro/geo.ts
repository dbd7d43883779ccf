/**
 * What it costs to find the country of an address: few addresses, which are remembered, and many, which are looked up in a
 * database of 65 536 networks. Checks its own answers first. `node bench/micro/geo.ts [lookups]`
 */
import { openDatabase, verify } from '../../src/geo/config.ts';
import { Locator } from '../../src/geo/index.ts';
import { addressBytes, parseIp } from '../../src/lib/ip.ts';
import { countryRecord, type MmdbValue, sharedMmdb, writeMmdb } from '../../test/support/mmdb.ts';

const lookupsDefault = 2_000_000;
const codes = 'DE FR US JP SE NO IT ES CH AT'.split(' ');

/** Networks 10.0.0.0/24 to 10.255.255.0/24, a country each in turn. */
export function manyNetworks(count: number): Record<string, MmdbValue> {
  const networks: Record<string, MmdbValue> = {};
  for (let index = 0; index < count; index += 1)
    networks[`10.${index >> 8}.${index & 0xff}.0/24`] = countryRecord(
      codes[index % codes.length]!,
      'EU',
      true,
    );
  return networks;
}

/** Nanoseconds of the processor for a look-up among `distinct` addresses. */
export function costOf(locator: Locator, distinct: number, lookups: number): number {
  const addresses = new Uint8Array(distinct * addressBytes);
  for (let index = 0; index < distinct; index += 1)
    parseIp(`10.${(index >> 8) & 0xff}.${index & 0xff}.${index % 251}`, addresses, index * addressBytes);
  const before = process.cpuUsage();
  let wrong = 0;
  for (let index = 0; index < lookups; index += 1) {
    const at = index % distinct;
    if (locator.at(addresses, at * addressBytes).country !== codes[(at & 0xffff) % codes.length]) wrong += 1;
  }
  const { user, system } = process.cpuUsage(before);
  if (wrong > 0) throw new Error(`${wrong} of ${lookups} countries are wrong`);
  return ((user + system) * 1000) / lookups;
}

function main(lookups: number): void {
  const database = sharedMmdb(writeMmdb(manyNetworks(65_536), { recordSize: 28 }));
  const begun = performance.now();
  verify(openDatabase(database));
  console.log(
    `a database of ${database.byteLength} bytes is verified in ${Math.round(performance.now() - begun)} ms`,
  );
  const locator = new Locator([database]);
  for (const distinct of [100, 1000, 100_000]) {
    costOf(locator, distinct, lookups / 4);
    console.log(`${distinct} addresses: ${costOf(locator, distinct, lookups).toFixed(0)} ns`);
  }
}

if (import.meta.main) main(Number(process.argv[2] ?? lookupsDefault));
