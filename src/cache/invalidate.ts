/** Invalidation by unsafe methods (RFC 9111 4.4): which methods, which responses, which targets. */
import { methodId } from '../engine/contract.ts';
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { type ResolvedTarget, resolveSameOrigin } from '../lib/uri.ts';

const locationId = knownId('location');
const contentLocationId = knownId('content-location');

/** RFC 9110 9.2.1: these are safe, and whatever is not known to be is not. */
export function isUnsafe(method: number): boolean {
  return (
    method !== methodId.get &&
    method !== methodId.head &&
    method !== methodId.options &&
    method !== methodId.trace
  );
}

/** Whether the response to an unsafe request counts as a success. */
export function invalidates(status: number): boolean {
  return status >= 200 && status < 400;
}

/** Other targets of the same origin that the response names. */
export function namedTargets(request: HeadView, response: HeadView, isTls: boolean): ResolvedTarget[] {
  const found: ResolvedTarget[] = [];
  for (const id of [locationId, contentLocationId]) {
    const field = response.find(id);
    if (field === noField) continue;
    const target = resolveSameOrigin(
      response.valueText(field),
      isTls ? 'https' : 'http',
      request.authorityText,
      request.arena.text(request.pathOffset, request.pathLength),
      request.carriesQuery ? request.arena.text(request.queryOffset, request.queryLength) : undefined,
    );
    if (target !== undefined) found.push(target);
  }
  return found;
}
