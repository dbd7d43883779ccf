/**
 * The phases in the order of the rules specification (2.5). Rule phases join here, at the places that are marked, as
 * functions that were compiled for the snapshot.
 */
import { address } from './address.ts';
import { answer } from './answer.ts';
import { door } from './door.ts';
import { injectFault } from './faults.ts';
import { fetch } from './fetch.ts';
import { lookUp } from './lookup.ts';
import type { Phase } from './phase.ts';
import type { PhaseSet } from './plan.ts';
import type { PolicySnapshot } from './snapshot.ts';

export const phases: PhaseSet = {
  request(snapshot: PolicySnapshot): readonly Phase[] {
    return [
      door,
      ...(snapshot.testFaults ? [injectFault] : []),
      address,
      // http_request_sanitize to http_request_cloud_connector: 1 to 16
      lookUp,
      answer,
      fetch,
    ];
  },
  response(): readonly Phase[] {
    // http_response_cache_settings to http_log_custom_fields: 17 to 23
    return [];
  },
};
