/** Limits that only make sense together, and values of keys that a later version understands. */
import { formatPath, type Path } from '../diagnostic.ts';
import type { Config } from '../schema.ts';
import type { Finding } from '../validate.ts';

interface Relation {
  smaller: Path;
  larger: Path;
  /** The smaller times this may not be more than the larger. */
  factor: number;
  why: string;
}

const relations: readonly Relation[] = [
  {
    smaller: ['limits', 'targetBytesMax'],
    larger: ['limits', 'headBytesMax'],
    factor: 1,
    why: 'a head contains its target',
  },
  {
    smaller: ['limits', 'headBytesMax'],
    larger: ['limits', 'pipelineBytesMax'],
    factor: 1,
    why: 'a head must fit into what is read ahead',
  },
  {
    smaller: ['store', 'objectBytesMax'],
    larger: ['store', 'bytesMax'],
    factor: 2,
    why: 'at least two of the largest objects must fit',
  },
  {
    smaller: ['limits', 'connectionsPerAddressMax'],
    larger: ['limits', 'connectionsMax'],
    factor: 1,
    why: 'one address cannot have more than all',
  },
];

function read(config: Config, path: Path): number {
  let value: unknown = config;
  for (const step of path) value = (value as Record<string, unknown>)[String(step)];
  return value as number;
}

export function checkRelations(config: Config): Finding[] {
  const findings: Finding[] = [];
  for (const { smaller, larger, factor, why } of relations) {
    const small = read(config, smaller);
    const large = read(config, larger);
    if (small * factor <= large) continue;
    const times = factor === 1 ? '' : `${factor} times `;
    const message = `${times}${formatPath(smaller)} (${small}) is above ${formatPath(larger)} (${large}): ${why}`;
    findings.push({ path: smaller, message });
  }
  return findings;
}

/** The second engine comes later. */
export function checkEngine(config: Config): Finding[] {
  if (config.engine !== 'uws') return [];
  const message = 'engine: uws is not available yet in this version';
  return [{ path: ['engine'], message, expected: 'auto or native' }];
}
