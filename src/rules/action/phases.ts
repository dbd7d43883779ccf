/**
 * The phases in which rules run, in their order, and the actions that may stand in each (rules.md 2.5). A phase without
 * rules of its own (URL normalisation, say) is not in the table. A phase that is built is marked; to name another one in
 * a config is an error that says so.
 */
import type { PhaseName } from './protocol.ts';

/** Names of the API, whether there is code for them or not. */
export const actionNames = [
  'block',
  'challenge',
  'js_challenge',
  'managed_challenge',
  'skip',
  'log',
  'execute',
  'rewrite',
  'route',
  'redirect',
  'score',
  'set_config',
  'set_cache_settings',
  'set_cache_tags',
  'set_cache_control',
  'serve_error',
  'compress_response',
  'log_custom_field',
] as const;
export type ActionName = (typeof actionNames)[number];

interface Phase {
  readonly name: string;
  /** Actions that the language allows here. */
  readonly actions: readonly ActionName[];
  readonly isBuilt?: true;
  /** Shown to operators. */
  readonly about: string;
}

const challenges = ['challenge', 'js_challenge', 'managed_challenge'] as const;

export const phaseTable = [
  {
    name: 'http_request_dynamic_redirect',
    actions: ['redirect'],
    isBuilt: true,
    about: 'Redirects to a URL that is given or computed.',
  },
  {
    name: 'http_request_transform',
    actions: ['rewrite'],
    isBuilt: true,
    about: 'Rewrites path and query: for later phases, the cache key and the origin.',
  },
  { name: 'http_config_settings', actions: ['set_config'], about: '' },
  { name: 'http_request_origin', actions: ['route'], about: '' },
  { name: 'ddos_l7', actions: ['execute'], about: '' },
  {
    name: 'http_request_firewall_custom',
    actions: ['block', ...challenges, 'skip', 'log', 'execute'],
    isBuilt: true,
    about: 'Blocks, logs, or lets pass what other rules would stop.',
  },
  { name: 'http_ratelimit', actions: ['block', ...challenges, 'log', 'execute'], about: '' },
  {
    name: 'http_request_firewall_managed',
    actions: ['execute', 'skip', 'block', ...challenges, 'log', 'score'],
    about: '',
  },
  { name: 'http_request_sbfm', actions: ['block', ...challenges, 'skip', 'log'], about: '' },
  { name: 'http_request_redirect', actions: ['redirect'], about: '' },
  {
    name: 'http_request_late_transform',
    actions: ['rewrite'],
    isBuilt: true,
    about: 'Changes fields of the request that the origin gets.',
  },
  {
    name: 'http_request_cache_settings',
    actions: ['set_cache_settings'],
    isBuilt: true,
    about: 'Decides what is stored, for how long and under which key.',
  },
  { name: 'http_request_snippets', actions: [], about: '' },
  { name: 'http_request_cloud_connector', actions: ['route'], about: '' },
  {
    name: 'http_response_cache_settings',
    actions: ['set_cache_settings', 'set_cache_tags', 'set_cache_control'],
    isBuilt: true,
    about: 'Changes the response of the origin before it is stored, also one that is not.',
  },
  { name: 'http_custom_errors', actions: ['serve_error'], about: '' },
  {
    name: 'http_response_headers_transform',
    actions: ['rewrite'],
    isBuilt: true,
    about: 'Changes fields of the response that the client gets, whoever made it.',
  },
  { name: 'http_response_compression', actions: ['compress_response'], about: '' },
  { name: 'http_response_firewall_managed', actions: ['execute', 'log'], about: '' },
  { name: 'http_log_custom_fields', actions: ['log_custom_field'], about: '' },
] as const satisfies readonly Phase[];

/** The row of a phase. */
export function phaseOf(name: PhaseName): Phase {
  return phaseTable.find((phase) => phase.name === name) as Phase;
}
