/** From the rules of a zone (or of all zones) to a ruleset that a worker can load, or to every fault in them. */
import {
  compileSet,
  type ExpressionText,
  requestScheme,
  responseScheme,
  type Scheme,
  withPlaces,
} from '../compile/index.ts';
import type { ActionContext } from './action.ts';
import type { Lists } from './lists.ts';
import {
  type ActionSettings,
  type PhaseName,
  type PhaseRange,
  phaseNames,
  type RuleSettings,
  type RulesetSettings,
} from './protocol.ts';
import { findAction } from './table.ts';

/** A rule of any phase, after reading. */
export interface RuleConfig {
  readonly ref?: string;
  readonly id?: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly expression: string | boolean;
  readonly action: string;
  readonly action_parameters?: unknown;
  readonly logging: { readonly enabled: boolean };
}
/** A hole stands for a rule that has a fault of its own already. */
export type RulesConfig = Partial<Record<PhaseName, readonly (RuleConfig | undefined)[]>>;

/** A fault or a warning; the path begins below the section. */
export interface RuleFinding {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected?: string | undefined;
  readonly part?: 'key' | 'value';
  /** A sentence that helps. */
  readonly hint?: string | undefined;
  /** Characters of the expression at the path. */
  readonly span?: { readonly from: number; readonly to: number };
  readonly severity: 'error' | 'warning';
}

export interface CompiledRuleset {
  /** Absent where there is a fault, or no enabled rule. */
  readonly ruleset?: RulesetSettings;
  readonly findings: readonly RuleFinding[];
}

type Path = readonly (string | number)[];
interface Placed extends ExpressionText {
  readonly path: Path;
}
interface PlacedRule {
  readonly phase: PhaseName;
  readonly path: Path;
  readonly rule: RuleConfig;
}

/** Names that expressions may use, before there is a response and behind it. */
interface Schemes {
  readonly request: Scheme;
  readonly response: Scheme;
}

const plain: Schemes = { request: requestScheme, response: responseScheme };
const placing: Schemes = { request: withPlaces(requestScheme), response: withPlaces(responseScheme) };

function schemeOf(phase: PhaseName, schemes: Schemes): Scheme {
  return phase === 'http_response_cache_settings' ? schemes.response : schemes.request;
}

/** Rules that are compiled together. Conditions come first, in order; what actions compute follows. */
class Batch {
  readonly conditions: Placed[] = [];
  readonly texts: Placed[] = [];
  readonly rules: { phase: PhaseName; settings: RuleSettings }[] = [];
  readonly findings: RuleFinding[] = [];
  readonly #count: number;
  readonly #schemes: Schemes;

  /** @param count rules that will be added */
  constructor(count: number, schemes: Schemes) {
    this.#count = count;
    this.#schemes = schemes;
  }

  add({ phase, path, rule }: PlacedRule): void {
    const scheme = schemeOf(phase, this.#schemes);
    this.conditions.push({
      text: String(rule.expression),
      want: 'Bool',
      path: [...path, 'expression'],
      scheme,
    });
    const action = this.#action(phase, path, rule);
    if (action === undefined) return;
    const id = rule.ref ?? rule.id ?? path.join(':');
    const { description, logging } = rule;
    this.rules.push({ phase, settings: { id, description, isLogged: logging.enabled, action } });
  }

  #action(phase: PhaseName, path: Path, rule: RuleConfig): ActionSettings | undefined {
    const context: ActionContext = {
      phase,
      bytes: (at, text) => {
        this.texts.push({
          text,
          want: 'Bytes',
          path: [...path, ...at],
          scheme: schemeOf(phase, this.#schemes),
        });
        return this.#count + this.texts.length - 1;
      },
      fault: (at, message, expected, part) => {
        this.findings.push({
          path: [...path, ...at],
          message,
          expected,
          severity: 'error',
          ...(part && { part }),
        });
      },
    };
    return findAction(phase, rule.action)?.compile(rule.action_parameters ?? {}, context);
  }

  compile(lists: Lists): CompiledRuleset {
    const expressions = [...this.conditions, ...this.texts];
    if (expressions.length === 0) return { findings: this.findings };
    const { program, findings } = compileSet({ scheme: this.#schemes.response, lists, expressions });
    for (const { index, from, to, message, hint, severity } of findings) {
      const { path = [] } = expressions[index] ?? {};
      this.findings.push({ path, message, hint, span: { from, to }, severity });
    }
    const isFaulty = this.findings.some(({ severity }) => severity === 'error');
    if (isFaulty || program === undefined) return { findings: this.findings };
    const rules = this.rules.map(({ settings }) => settings);
    return { ruleset: { program, rules, phases: this.#ranges() }, findings: this.findings };
  }

  #ranges(): Record<PhaseName, PhaseRange> {
    let start = 0;
    const ranges = phaseNames.map((name): [PhaseName, PhaseRange] => {
      const end = start + this.rules.filter(({ phase }) => phase === name).length;
      const range = { start, end };
      start = end;
      return [name, range];
    });
    return Object.fromEntries(ranges) as Record<PhaseName, PhaseRange>;
  }
}

/** Names that stand twice in a phase. */
function repeatedNames(placed: readonly PlacedRule[]): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const seen = new Map<string, Path>();
  for (const { phase, path, rule } of placed) {
    const name = rule.ref ?? rule.id;
    if (name === undefined) continue;
    const key = `${phase} ${name}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, path);
    else
      findings.push({
        path: [...path, rule.ref === undefined ? 'id' : 'ref'],
        message: `the name "${name}" is taken by ${earlier[0]}[${earlier[1]}]`,
        severity: 'error',
      });
  }
  return findings;
}

/** Rules behind one that ends the request whatever it is. */
function unreachable(placed: readonly PlacedRule[]): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const ended = new Map<PhaseName, Path>();
  for (const { phase, path, rule } of placed) {
    if (!rule.enabled) continue;
    const by = ended.get(phase);
    if (by !== undefined)
      findings.push({
        path: [...path, 'expression'],
        message: `never reached: ${by[0]}[${by[1]}] takes every request`,
        severity: 'warning',
      });
    else if (
      String(rule.expression).trim() === 'true' &&
      findAction(phase, rule.action)?.isTerminating === true
    )
      ended.set(phase, path);
  }
  return findings;
}

/** @param hasPlaces whether the config names databases of places */
export function compileRuleset(config: RulesConfig, lists: Lists, hasPlaces = false): CompiledRuleset {
  const placed = phaseNames.flatMap((phase) =>
    (config[phase] ?? []).flatMap((rule, index): PlacedRule[] =>
      rule === undefined ? [] : [{ phase, path: [phase, index], rule }],
    ),
  );
  const compiled = [true, false].map((isEnabled) => {
    const rules = placed.filter(({ rule }) => rule.enabled === isEnabled);
    const batch = new Batch(rules.length, hasPlaces ? placing : plain);
    for (const rule of rules) batch.add(rule);
    return batch.compile(lists);
  });
  const findings = [
    ...repeatedNames(placed),
    ...compiled.flatMap((one) => one.findings),
    ...unreachable(placed),
  ];
  // What is switched off is checked all the same, so that it can be switched on.
  const isFaulty = findings.some(({ severity }) => severity === 'error');
  const ruleset = compiled[0]?.ruleset;
  return isFaulty || ruleset === undefined ? { findings } : { ruleset, findings };
}
