/** `set_cache_settings`: of a request what and how the cache keeps; of a response which fields it loses before that. */
import { type CacheSettingsChange, cacheSettingsKeys } from '../../lib/cache-settings.ts';
import { checkCacheSettings } from '../../lib/check-cache-settings.ts';
import { flag, optional, type Static, section } from '../../lib/schema.ts';
import type { Action, ActionContext } from './action.ts';

const requestParameters = section(
  {
    cache: optional(
      flag({
        description:
          'Whether the response may be stored: true whatever the extension, false never. Default: the mode of the zone decides.',
      }),
    ),
    ...cacheSettingsKeys,
  },
  { description: 'The settings that are changed; those of later rules go on top.' },
);

const responseParameters = section(
  {
    strip_etags: optional(flag({ description: 'Removes ETag.' })),
    strip_set_cookie: optional(flag({ description: 'Removes Set-Cookie.' })),
    strip_last_modified: optional(flag({ description: 'Removes Last-Modified.' })),
  },
  { description: 'What is removed from the response before it is stored.' },
);

function checkNotEmpty(given: object, expected: string, context: ActionContext): void {
  if (Object.keys(given).length === 0)
    context.fault(['action_parameters'], 'no setting is changed', expected);
}

export const setCacheSettings: Action = {
  name: 'set_cache_settings',
  phases: ['http_request_cache_settings'],
  isTerminating: false,
  parameters: requestParameters,
  compile(given, context) {
    const settings = given as Static<typeof requestParameters> & CacheSettingsChange;
    checkNotEmpty(settings, 'cache, edge_ttl, browser_ttl, cache_key, ...', context);
    for (const { path, message, expected, part } of checkCacheSettings(settings))
      context.fault(['action_parameters', ...path], message, expected, part);
    return { kind: 'cacheSettings', settings };
  },
};

const stripped = {
  strip_etags: 'etag',
  strip_set_cookie: 'set-cookie',
  strip_last_modified: 'last-modified',
};

export const stripFields: Action = {
  name: 'set_cache_settings',
  phases: ['http_response_cache_settings'],
  isTerminating: false,
  parameters: responseParameters,
  compile(given, context) {
    const wanted = given as Static<typeof responseParameters>;
    checkNotEmpty(wanted, Object.keys(stripped).join(', '), context);
    const keys = Object.keys(stripped) as (keyof typeof stripped)[];
    const strips = keys.flatMap((key): [string, boolean][] => {
      const isStripped = wanted[key];
      return isStripped === undefined ? [] : [[stripped[key], isStripped]];
    });
    return { kind: 'stripFields', strips };
  },
};
