/** Rules and lists: compiled, so that every fault is told with its place. */
import { compileRuleset, type RulesConfig, type RulesetSettings, readLists } from '../../rules/config.ts';
import { type Diagnostic, formatPath, type Path } from '../diagnostic.ts';
import type { ConfigFiles } from '../files.ts';
import type { Config } from '../schema.ts';
import { below, type Finding } from '../validate.ts';

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

/** Places of the faults of shape; an unknown key breaks nothing. */
class Breakage {
  readonly #names: readonly string[];

  constructor(earlier: readonly Finding[]) {
    this.#names = earlier.flatMap(({ path, part, missing }) =>
      part === 'key' ? [] : [formatPath(missing === undefined ? path : [...path, missing])],
    );
  }

  /** At the path, or above it: there is nothing of the right shape to look at. */
  above(path: Path): boolean {
    const name = formatPath(path);
    return this.#names.some(
      (one) => one === '' || (name.startsWith(one) && /^$|^[.[]/.test(name.slice(one.length))),
    );
  }

  within(path: Path): boolean {
    const name = formatPath(path);
    return (
      this.above(path) ||
      this.#names.some((one) => one.startsWith(name) && /^[.[]/.test(one.slice(name.length)))
    );
  }
}

/**
 * Rules that have a fault of shape are left out, so that all others are told their faults too.
 *
 * @param earlier faults of shape
 */
export function checkRules(
  config: Config,
  earlier: readonly Finding[],
  files: ConfigFiles,
): { compiled: CompiledRules; findings: Finding[]; faults: Diagnostic[] } {
  const broken = new Breakage(earlier);
  if (broken.within(['lists'])) return { compiled: noRules, findings: [], faults: [] };
  const { lists, faults, fileFaults } = readLists(config.lists, (path) =>
    Buffer.from(files.read(path, listBytesMax)).toString('utf8'),
  );
  const findings = faults.map((fault): Finding => below(['lists'], fault));
  // What is wrong with the section is told elsewhere.
  const hasPlaces = broken.within(['geo']) || config.geo.databases.length > 0;
  const compileAt = (path: Path, rules: object) => {
    if (broken.above(path)) return undefined;
    const compiled = compileRuleset(wholeRules(rules, path, broken), lists, hasPlaces);
    findings.push(...compiled.findings.map((finding) => below(path, finding)));
    return compiled.ruleset;
  };
  const shared = compileAt(['rules'], config.rules);
  const zones = broken.above(['zones']) ? [] : config.zones;
  const own = zones.map((zone, index) => compileAt(['zones', index, 'rules'], zone.rules));
  return { compiled: { shared, zones: own }, findings, faults: [...fileFaults] };
}

function wholeRules(rules: object, path: Path, broken: Breakage): RulesConfig {
  const phases = Object.entries(rules as RulesConfig).filter(([phase]) => !broken.above([...path, phase]));
  return Object.fromEntries(
    phases.map(([phase, list]) => [
      phase,
      Array.isArray(list)
        ? list.map((rule, index) => (broken.within([...path, phase, index]) ? undefined : rule))
        : [],
    ]),
  );
}
