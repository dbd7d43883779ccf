/** What is told of the databases of places, and of what needs one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigFiles, loadConfig } from '../../src/config/index.ts';
import { countryRecord, writeMmdb } from '../support/mmdb.ts';
import { temporaryFolder } from '../support/temp.ts';

const text = (geo: string, cache = '', rules = '') => `listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones:
  - name: site
    hosts: ["*"]
    origin: site
    cache: { ${cache} }
    rules: { ${rules} }
geo: { databases: [${geo}] }
`;
const userGeo = 'cache_key: { custom_key: { user: { geo: true } } }';

function folderWith(t: Test): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'good.mmdb'), writeMmdb({ '192.0.2.0/24': countryRecord('DE') }));
  writeFileSync(join(folder, 'number.mmdb'), writeMmdb({ '192.0.2.0/24': { asn: 1 } }, { type: 'ASN' }));
  writeFileSync(join(folder, 'bad.mmdb'), 'nothing');
  return folder;
}

/** Each fault with its place. */
function faultsOf(folder: string, config: string, files?: ConfigFiles): string[] {
  const loaded = loadConfig(join(folder, 'p.yaml'), config, files);
  const faults = loaded.ok ? loaded.warnings : loaded.faults;
  return faults.map(({ line, column, message, expected, severity }) => {
    const said = `${line}:${column}: ${message.replaceAll(`${folder}/`, '')}`;
    return `${severity ?? 'error'} ${said}${expected === undefined ? '' : ` (${expected})`}`;
  });
}

t.test('databases are read with the config', async (t) => {
  const folder = folderWith(t);
  const loaded = loadConfig(join(folder, 'p.yaml'), text('good.mmdb, good.mmdb', userGeo));
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  t.equal(loaded.geo.length, 2);
  t.ok(loaded.geo.every((bytes) => bytes instanceof SharedArrayBuffer && bytes.byteLength > 0));
});

t.test('what cannot be used is told with its place', async (t) => {
  const folder = folderWith(t);
  const databases = '(a database of countries or cities, such as GeoLite2-Country.mmdb)';
  t.same(faultsOf(folder, text('good.mmdb, none.mmdb, bad.mmdb, number.mmdb')), [
    'error 9:31: none.mmdb cannot be used: there is no such file',
    `error 9:42: bad.mmdb cannot be used: it is no database in the format of MaxMind (.mmdb) ${databases}`,
    `error 9:52: number.mmdb cannot be used: there are no countries in it (it says that it is a ASN) ${databases}`,
  ]);
});

t.test('what was in force is not refused', async (t) => {
  const folder = folderWith(t);
  const files = new ConfigFiles([], { wereInForce: true });
  t.same(faultsOf(folder, text('none.mmdb', userGeo), files), [
    'warning 9:20: none.mmdb cannot be used: there is no such file',
  ]);
});

t.test('what asks for countries needs a database', async (t) => {
  const folder = folderWith(t);
  const rule = (settings: string) =>
    `http_request_cache_settings: [{ expression: true, action: set_cache_settings, action_parameters: { ${settings} } }]`;
  const said =
    'nothing tells the countries of clients (a database at the top of the config: geo: { databases: [GeoLite2-Country.mmdb] })';
  t.same(faultsOf(folder, text('', userGeo)), [`error 7:49: ${said}`]);
  t.same(faultsOf(folder, text('', '', rule(userGeo))), [`error 8:148: ${said}`]);
  t.same(faultsOf(folder, text('good.mmdb', userGeo, rule(userGeo))), []);
  const block = (expression: string) =>
    `http_request_firewall_custom: [{ expression: ${expression}, action: block }]`;
  t.same(faultsOf(folder, text('', '', block('ip.geoip.continent eq "EU"'))), [
    'error 8:59: the field "ip.geoip.continent" needs a database of countries',
  ]);
  t.same(faultsOf(folder, text('good.mmdb', '', block('ip.geoip.continent eq "EU"'))), []);
  t.same(faultsOf(folder, text('', userGeo.replace('true', 'false'))), []);
});
