/** The databases of `geo`, read and verified, and whether what asks for the places of clients can be answered. */
import { openDatabase, verify } from '../geo/config.ts';
import type { Path } from './diagnostic.ts';
import { type ConfigFiles, FileError } from './files.ts';
import type { Config } from './schema.ts';
import type { Finding } from './validate.ts';

const databaseBytesMax = 1024 * 1024 * 1024;

export interface ReadGeo {
  /** In the order in which they are asked. */
  databases: SharedArrayBuffer[];
  findings: Finding[];
}

export const noGeo: ReadGeo = { databases: [], findings: [] };

/**
 * For a config whose section `geo` has the right shape. What was in force when a process crashed cannot be refused: there
 * a database that cannot be used any more is left out, with a warning.
 */
export function readGeo({ geo }: Pick<Config, 'geo'>, files: ConfigFiles): ReadGeo {
  const databases: SharedArrayBuffer[] = [];
  const findings: Finding[] = [];
  for (const [index, file] of geo.databases.entries()) {
    try {
      const bytes = files.readShared(file, databaseBytesMax);
      verify(openDatabase(bytes));
      databases.push(bytes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const message = `${file} cannot be used: ${error.message}`;
      const warning = files.wereInForce ? { severity: 'warning' as const } : {};
      const isOther = error instanceof FileError;
      findings.push({
        path: ['geo', 'databases', index],
        message,
        ...(!isOther && { expected: 'a database of countries or cities, such as GeoLite2-Country.mmdb' }),
        ...warning,
      });
    }
  }
  return { databases, findings };
}

/** Settings that ask where clients are, where no database tells it. */
export function checkGeoUse({ geo, zones, rules }: Config): Finding[] {
  if (geo.databases.length > 0) return [];
  return [
    ...ofRules(['rules'], rules),
    ...zones.flatMap((zone, index) => [
      ...ofSettings(['zones', index, 'cache'], zone.cache),
      ...ofRules(['zones', index, 'rules'], zone.rules),
    ]),
  ];
}

interface Settings {
  cache_key?: { custom_key?: { user?: { geo?: boolean } } };
}

function ofSettings(base: Path, settings: Settings | undefined): Finding[] {
  if (settings?.cache_key?.custom_key?.user?.geo !== true) return [];
  return [
    {
      path: [...base, 'cache_key', 'custom_key', 'user', 'geo'],
      part: 'key',
      message: 'nothing tells the countries of clients',
      expected: 'a database at the top of the config: geo: { databases: [GeoLite2-Country.mmdb] }',
    },
  ];
}

const phase = 'http_request_cache_settings';

function ofRules(base: Path, rules: object): Finding[] {
  const list = (rules as Partial<Record<string, readonly { action_parameters?: Settings }[]>>)[phase] ?? [];
  return list.flatMap(({ action_parameters: parameters }, index) =>
    ofSettings([...base, phase, index, 'action_parameters'], parameters),
  );
}
