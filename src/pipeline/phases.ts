/**
 * The phases in the order of the rules specification (2.5), one flat list per kind of event. Rule phases join here, at the
 * places that are marked, as functions that were compiled for the snapshot.
 */
import { address } from './address.ts';
import { answer } from './answer.ts';
import { door } from './door.ts';
import { injectFault } from './faults.ts';
import { fetch } from './fetch.ts';
import { follow } from './follow.ts';
import { lookUp } from './lookup.ts';
import { originFailed } from './origin-failed.ts';
import { concludeResponse, takeResponse } from './origin-head.ts';
import type { Phase } from './phase.ts';
import { recallCacheSettings, requestCacheSettings, responseCacheSettings } from './rules/cache.ts';
import {
  beginRules,
  dynamicRedirect,
  endRules,
  firewallCustom,
  lateTransform,
  recallRules,
  transform,
} from './rules/run.ts';
import type { PolicySnapshot } from './snapshot.ts';

/** The phases of each kind of event; the last of each list always answers. */
export interface PhaseLists {
  readonly request: readonly Phase[];
  readonly originHead: readonly Phase[];
  readonly originFailed: readonly Phase[];
  readonly follow: readonly Phase[];
}

const requestRules: readonly Phase[] = [
  beginRules,
  dynamicRedirect,
  transform,
  firewallCustom,
  lateTransform,
  requestCacheSettings,
  endRules,
];

export function composePhases(snapshot: PolicySnapshot): PhaseLists {
  const hasRules = snapshot.rulesets.length > 0;
  const recall = hasRules ? [recallRules, recallCacheSettings] : [];
  return {
    request: [
      door,
      ...(snapshot.testFaults ? [injectFault] : []),
      address,
      // http_request_sanitize to http_request_cloud_connector: 1 to 16
      ...(hasRules ? requestRules : []),
      lookUp,
      answer,
      fetch,
    ],
    originHead: [
      address,
      ...recall,
      takeResponse,
      ...(hasRules ? [responseCacheSettings] : []),
      // http_custom_errors to http_log_custom_fields: 18 to 23. http_response_headers_transform (19) joins
      // where a response is written, whoever made it: `writeResponseRules`.
      concludeResponse,
    ],
    originFailed: [address, ...recall, originFailed],
    follow: [address, ...recall, follow],
  };
}
