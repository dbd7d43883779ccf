/** What is measured: one path each, with the answer that it must give and the ratio that it should reach. */
import { patternBody } from '../../test/support/pattern.ts';

export interface Row {
  name: string;
  title: string;
  /** What is asked for, and what the origin calls it. */
  resource: string;
  isTls: boolean;
  /** Ours runs with the rules of `rules-100.yaml`. */
  hasRules: boolean;
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

interface Path {
  name: string;
  title: string;
  bytes: number;
  caching: string;
  isHit: boolean;
  isTls?: true;
  target: number;
  goal: number;
}

/** Cache-Control of what is stored. */
export const kept = 'public, max-age=86400';
const paths: readonly Path[] = [
  { name: 'hit-1k', title: 'hit, 1 KiB', bytes: 1024, caching: kept, isHit: true, target: 0.6, goal: 0.45 },
  {
    name: 'hit-64k',
    title: 'hit, 64 KiB',
    bytes: 65_536,
    caching: kept,
    isHit: true,
    target: 0.9,
    goal: 0.7,
  },
  {
    name: 'proxied-1k',
    title: 'proxied, keep-alive, 1 KiB',
    bytes: 1024,
    caching: 'no-store',
    isHit: false,
    target: 0.95,
    goal: 0.7,
  },
  {
    name: 'tls-hit-1k',
    title: 'hit over TLS 1.3, keep-alive, 1 KiB',
    bytes: 1024,
    caching: kept,
    isHit: true,
    isTls: true,
    target: 0.7,
    goal: 0.5,
  },
];

/** Each path without rules, and beside it with the hundred of `rules-100.yaml`; nginx has none in either. */
export const rows: readonly Row[] = paths.flatMap(({ bytes, isTls = false, ...path }) => {
  const row = { ...path, isTls, resource: path.name, body: textBody(bytes), hasRules: false };
  return [row, { ...row, name: `${path.name}-rules`, title: `${path.title}, 100 rules`, hasRules: true }];
});

/** The gate of the foundation: a 1 KiB hit without rules. */
export const gateRatio = 0.5;
