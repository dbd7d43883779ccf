/** What is measured: one path each, with the answer that it must give and the ratio that it should reach. */
import { patternBody } from '../../test/support/pattern.ts';

export interface Row {
  name: string;
  title: string;
  body: Buffer;
  /** Cache-Control of the origin. */
  caching: string;
  isHit: boolean;
  /** CPU per request as a share of nginx's: the first target, and where it should go (design section 8). */
  target: number;
  goal: number;
}

/** Text, so that nothing on the way treats it as anything else. */
function textBody(bytes: number): Buffer {
  return Buffer.from(patternBody(bytes).toString('base64').slice(0, bytes));
}

export const rows: readonly Row[] = [
  {
    name: 'hit-1k',
    title: 'hit, 1 KiB',
    body: textBody(1024),
    caching: 'public, max-age=86400',
    isHit: true,
    target: 0.6,
    goal: 0.45,
  },
  {
    name: 'hit-64k',
    title: 'hit, 64 KiB',
    body: textBody(64 * 1024),
    caching: 'public, max-age=86400',
    isHit: true,
    target: 0.9,
    goal: 0.7,
  },
  {
    name: 'proxied-1k',
    title: 'proxied, keep-alive, 1 KiB',
    body: textBody(1024),
    caching: 'no-store',
    isHit: false,
    target: 0.95,
    goal: 0.7,
  },
];
/** The gate of the foundation: a 1 KiB hit without rules. */
export const gateRatio = 0.5;
