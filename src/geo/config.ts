/** Config of what is known of addresses: the databases that tell it. */
import { list, path, type Static, section } from '../lib/schema.ts';

export { openDatabase } from './database.ts';
export { verify } from './verify.ts';

export const geoConfig = section(
  {
    databases: list(
      path({
        description: 'A file in the format of MaxMind (`.mmdb`) whose records tell a country.',
      }),
      {
        default: [],
        description:
          'Databases of countries or cities, in the order in which they are asked: the first that knows an address answers. Read again at each reload.',
      },
    ),
  },
  { default: {}, description: 'Where clients are: `user.geo` of cache keys, and `ip.src.country` of rules.' },
);
export type GeoConfig = Static<typeof geoConfig>;
