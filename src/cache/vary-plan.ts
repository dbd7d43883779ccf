/**
 * The Vary settings of mode `cdn`: what becomes of a response by the fields that it varies on, and the normal forms that
 * tell variants apart and that the origin gets too, so that it cannot answer to more than is told apart.
 */
import type { VarySettings } from '../lib/cache-settings.ts';

type VaryAction = VarySettings['headers'][string]['action'];

interface Normalised {
  readonly name: string;
  readonly normalise: (value: string) => string;
}

interface Range {
  readonly text: string;
  readonly weight: number;
}

function readRange(member: string): Range {
  const [text = '', ...parameters] = member.split(';').map((part) => part.trim());
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = given === undefined ? 1 : Number(given.slice(2));
  return { text, weight: weight >= 0 && weight <= 1 ? weight : 1 };
}

/**
 * Lower case, no white space, no parameters, by weight and then by letter; only a weight of 0 is written, which refuses.
 *
 * @param nameOf what is told apart of a member; members of one name become one, the one with the most weight
 */
function normalForm(
  value: string,
  allowed: ReadonlySet<string> | undefined,
  nameOf: (text: string) => string,
) {
  const weights = new Map<string, number>();
  for (const member of value.toLowerCase().split(',')) {
    const { text, weight } = readRange(member);
    const name = nameOf(text);
    if (name === '' || (allowed !== undefined && !allowed.has(name))) continue;
    weights.set(name, Math.max(weight, weights.get(name) ?? 0));
  }
  const ranges = [...weights].map(([text, weight]): Range => ({ text, weight }));
  ranges.sort((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : 1));
  return ranges.map(({ text, weight }) => (weight === 0 ? `${text};q=0` : text)).join(',');
}

const primarySubtag = (range: string) => range.split('-', 1)[0] ?? '';
const whole = (text: string) => text;

function normaliser(name: string, settings: VarySettings['headers'][string]): Normalised {
  const { media_types: types, languages } = settings;
  const list = name === 'accept' ? types : name === 'accept-language' ? languages : undefined;
  const allowed = list && new Set(list.map((text) => text.toLowerCase()));
  const nameOf = name === 'accept-language' ? primarySubtag : whole;
  return { name, normalise: (value) => normalForm(value, allowed, nameOf) };
}

export class VaryPlan {
  /** Fields whose normal form stands for their value. */
  readonly normalised: readonly Normalised[];
  readonly #actions: ReadonlyMap<string, VaryAction>;
  readonly #default: VaryAction;

  constructor({ default: rest, headers }: VarySettings) {
    const given = Object.entries(headers).map(([name, settings]) => ({ name: name.toLowerCase(), settings }));
    this.#default = rest.action;
    this.#actions = new Map(given.map(({ name, settings }) => [name, settings.action]));
    this.normalised = given
      .filter(({ settings }) => settings.action === 'normalize')
      .map(({ name, settings }) => normaliser(name, settings));
  }

  /** The first field that a response may not vary on; undefined: it may be stored. */
  refused(names: readonly string[]): string | undefined {
    return names.find((name) => (this.#actions.get(name) ?? this.#default) === 'bypass');
  }
}
