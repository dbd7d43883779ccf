/** Rules and lists: compiled, so that every fault is told with its place. */
import {
  compileRuleset,
  type Lists,
  type RulesConfig,
  type RulesetSettings,
  readLists,
} from '../../rules/config.ts';
import { type Diagnostic, formatPath, type Path } from '../diagnostic.ts';
import type { ConfigFiles } from '../files.ts';
import type { Config } from '../schema.ts';
import type { Finding } from '../validate.ts';

/** What the rules come to; undefined where there are none. */
export interface CompiledRules {
  /** Of all zones. */
  readonly shared: RulesetSettings | undefined;
  /** By zone. */
  readonly zones: readonly (RulesetSettings | undefined)[];
}
/** Bytes of a file with items of a list. */
const listBytesMax = 64 * 1024 * 1024;

export const noRules: CompiledRules = { shared: undefined, zones: [] };

/**
 * A section that has another fault already is left out: it does not have the right shape.
 *
 * @param earlier faults of shape
 */
export function checkRules(
  config: Config,
  earlier: readonly Finding[],
  files: ConfigFiles,
): { compiled: CompiledRules; findings: Finding[]; faults: Diagnostic[] } {
  const broken = earlier.flatMap(({ path, part, missing }) => {
    if (part === 'key') return [];
    return [formatPath(missing === undefined ? path : [...path, missing])];
  });
  const isWhole = (path: Path) => {
    const name = formatPath(path);
    return !broken.some(
      (one) =>
        one === '' || one.startsWith(name) || (/^[.[]/.test(name.slice(one.length)) && name.startsWith(one)),
    );
  };
  if (!isWhole(['lists'])) return { compiled: noRules, findings: [], faults: [] };
  const { lists, faults, fileFaults } = readLists(config.lists, (path) =>
    Buffer.from(files.read(path, listBytesMax)).toString('utf8'),
  );
  const findings: Finding[] = faults.map((fault) => ({ ...fault, path: ['lists', ...fault.path] }));
  const compileAt = (path: Path, rules: unknown, known: Lists) => {
    if (!isWhole(path)) return undefined;
    const compiled = compileRuleset(rules as RulesConfig, known);
    findings.push(...compiled.findings.map((finding) => ({ ...finding, path: [...path, ...finding.path] })));
    return compiled.ruleset;
  };
  const shared = compileAt(['rules'], config.rules, lists);
  const hasZones = Array.isArray(config.zones);
  const zones = (hasZones ? config.zones : []).map((zone, index) =>
    compileAt(['zones', index, 'rules'], zone?.rules ?? {}, lists),
  );
  return { compiled: { shared, zones }, findings, faults: [...fileFaults] };
}
