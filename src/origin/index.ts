export { Balancer, type Candidate } from './balance.ts';
export { failureStatus, proxyStatusEdit } from './failure.ts';
export { resolveClient, writeForwarding, writeSite } from './forwarding-fields.ts';
export { HealthTable } from './health.ts';
export { maxForwards, viaHops } from './hops.ts';
export { defaultOriginSettings, type OriginSettings } from './protocol.ts';
export { mayRetry } from './retry.ts';
