/** The grammar of rules.md 2.1, by recursive descent. */
import { nearestName } from '../../lib/edit-distance.ts';
import {
  type Base,
  type CompareOp,
  charactersMax,
  Fault,
  type IndexNode,
  type Literal,
  type LogicOp,
  type Node,
  nestingMax,
  type Right,
  type Span,
  type Step,
} from './ast.ts';
import { Cursor } from './cursor.ts';

/** Loosest first; a level is made of items of the next one. */
const levels: readonly { op: LogicOp; word: string; symbol: string }[] = [
  { op: 'or', word: 'or', symbol: '||' },
  { op: 'xor', word: 'xor', symbol: '^^' },
  { op: 'and', word: 'and', symbol: '&&' },
];
const wordOps: ReadonlySet<string> = new Set<CompareOp>([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'contains',
  'wildcard',
  'matches',
  'in',
  'bitwise_and',
]);
/** Longer symbols first. */
const symbolOps: readonly (readonly [string, CompareOp])[] = [
  ['==', 'eq'],
  ['!=', 'ne'],
  ['<=', 'le'],
  ['>=', 'ge'],
  ['<', 'lt'],
  ['>', 'gt'],
  ['~', 'matches'],
];
/** Words that cannot name a field. */
const reserved: ReadonlySet<string> = new Set(['or', 'xor', 'and', 'not', 'strict', ...wordOps]);
const operatorWords = [...reserved].filter((word) => word !== 'not' && word !== 'strict');
const functionsOfLogic: ReadonlySet<string> = new Set(['starts_with', 'ends_with', 'any', 'all']);

class Parser {
  readonly #cursor: Cursor;
  #depth = 0;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  whole(): Node {
    const cursor = this.#cursor;
    if (cursor.isAtEnd) throw cursor.expected('an expression');
    const node = this.#level(0);
    if (!cursor.isAtEnd) throw this.#trailing();
    return node;
  }

  /** A value that is not compared with anything: what a rewrite computes. */
  value(): Node {
    const cursor = this.#cursor;
    if (cursor.isAtEnd) throw cursor.expected('a value');
    const node = this.#argument();
    if (!cursor.isAtEnd) throw cursor.expected('the end of the expression');
    return node;
  }

  #trailing(): Fault {
    const cursor = this.#cursor;
    const word = cursor.peekWord();
    if (cursor.startsWith(')'))
      return cursor.expected('the end of the expression', 'this ")" closes nothing');
    if (functionsOfLogic.has(word)) {
      return cursor.expected('"and", "or" or "xor"', `${word} is a function: ${word}(field, "value")`);
    }
    const lower = word.toLowerCase();
    if (word !== lower && reserved.has(lower)) {
      return cursor.expected('an operator', `operators are lower case: ${lower}`);
    }
    if (cursor.startsWith('=')) return cursor.expected('an operator', 'equality is "=="');
    const near = word === '' ? undefined : nearestName(word, operatorWords);
    const hint = near === undefined ? undefined : `did you mean "${near}"?`;
    return cursor.expected('"and", "or", "xor" or the end of the expression', hint);
  }

  #enter(span: Span): void {
    this.#depth += 1;
    if (this.#depth > nestingMax) throw new Fault(span, `expressions are nested at most ${nestingMax} deep`);
  }

  #level(index: number): Node {
    const level = levels[index];
    if (level === undefined) return this.#simple();
    const first = this.#level(index + 1);
    const items = [first];
    while (this.#takeLogic(level.word, level.symbol)) items.push(this.#level(index + 1));
    if (items.length === 1) return first;
    return { kind: 'logic', op: level.op, items, from: first.from, to: items.at(-1)!.to };
  }

  #takeLogic(word: string, symbol: string): boolean {
    return this.#cursor.takeWord(word) || this.#cursor.take(symbol);
  }

  #simple(): Node {
    const cursor = this.#cursor;
    const from = cursor.at;
    if (cursor.startsWith('!') && !cursor.startsWith('!=')) {
      cursor.take('!');
      return this.#not(from);
    }
    if (cursor.takeWord('not')) return this.#not(from);
    if (!cursor.startsWith('(')) return this.#comparison();
    this.#enter({ from, to: from + 1 });
    cursor.take('(');
    const inside = this.#level(0);
    const to = cursor.at + 1;
    if (!cursor.take(')')) throw cursor.expected('")"', `the "(" at character ${from + 1} is not closed`);
    this.#depth -= 1;
    return { ...inside, from, to };
  }

  #not(from: number): Node {
    this.#enter({ from, to: from + 1 });
    const item = this.#simple();
    this.#depth -= 1;
    return { kind: 'not', item, from, to: item.to };
  }

  #comparison(): Node {
    const left = this.#index();
    const from = this.#cursor.at;
    const op = this.#operator();
    if (op === undefined) return left;
    const opSpan = { from, to: from + op.length };
    const right = this.#right(op.op);
    return { kind: 'compare', left, op: op.op, opSpan, right, from: left.from, to: spanOf(right).to };
  }

  #operator(): { op: CompareOp; length: number } | undefined {
    const cursor = this.#cursor;
    const word = cursor.peekWord();
    if (word === 'strict') return this.#strict();
    if (wordOps.has(word)) {
      cursor.takeWord(word);
      return { op: word as CompareOp, length: word.length };
    }
    for (const [symbol, op] of symbolOps) if (cursor.take(symbol)) return { op, length: symbol.length };
    if (!cursor.startsWith('&') || cursor.startsWith('&&')) return undefined;
    cursor.take('&');
    return { op: 'bitwise_and', length: 1 };
  }

  // Exactly one space stands between the two words (rules.md 2.2).
  #strict(): { op: CompareOp; length: number } {
    const cursor = this.#cursor;
    const op = 'strict wildcard';
    const after = cursor.text[cursor.at + op.length] ?? '';
    if (!cursor.startsWith(op) || /[A-Za-z0-9_.]/.test(after)) {
      throw cursor.expected('"strict wildcard", with one space between the words');
    }
    cursor.take(op);
    return { op, length: op.length };
  }

  #right(op: CompareOp): Right {
    const cursor = this.#cursor;
    if (op === 'in') return this.#container();
    if (op === 'matches') {
      const pattern = cursor.pattern();
      if (pattern === undefined)
        throw cursor.expected('a pattern in quotes', 'for example: matches "^/api/"');
      return { kind: 'literal', literal: pattern };
    }
    if (cursor.startsWith('{')) throw cursor.expected('one value', 'sets go with "in": field in {"a" "b"}');
    if (cursor.startsWith('$')) throw cursor.expected('one value', 'lists go with "in": field in $list');
    const literal = cursor.literal();
    if (literal === undefined) throw cursor.expected('a value');
    return { kind: 'literal', literal };
  }

  #container(): Right {
    const cursor = this.#cursor;
    const from = cursor.at;
    if (cursor.startsWith('$')) {
      const name = /^\$[A-Za-z0-9_.]*/.exec(cursor.text.slice(from))![0];
      const span = { from, to: from + name.length };
      if (!/^\$[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(name)) {
        throw new Fault(
          span,
          `"${name}" is no name of a list: lower-case letters, digits, "_", and "." between them`,
        );
      }
      cursor.take(name);
      return { kind: 'list', name: name.slice(1), ...span };
    }
    if (!cursor.take('{')) throw cursor.expected('"{" or a list ("$name")');
    const items: Literal[] = [];
    for (;;) {
      const to = cursor.at + 1;
      if (cursor.take('}')) return { kind: 'set', items, from, to };
      if (cursor.startsWith(',')) throw cursor.expected('a value', 'values in a set are separated by spaces');
      const item = cursor.literal();
      if (item === undefined) throw cursor.expected('a value or "}"');
      items.push(item);
    }
  }

  #index(): IndexNode {
    const base = this.#base();
    const steps: Step[] = [];
    while (this.#cursor.startsWith('[')) steps.push(this.#step());
    const to = steps.at(-1)?.to ?? base.to;
    return { kind: 'index', base, steps, from: base.from, to };
  }

  #step(): Step {
    const cursor = this.#cursor;
    const from = cursor.at;
    cursor.take('[');
    const isEach = cursor.take('*');
    const literal = isEach ? undefined : cursor.literal();
    const to = cursor.at + 1;
    if (!isEach && literal === undefined) throw cursor.expected('a position, a key in quotes, or "*"');
    if (!cursor.take(']')) throw cursor.expected('"]"');
    if (literal === undefined) return { kind: 'each', from, to };
    if (literal.kind === 'quoted') return { kind: 'key', key: literal.text, from, to };
    const at = Number(literal.text);
    if (!/^[0-9]{1,9}$/.test(literal.text))
      throw new Fault(literal, `"${literal.text}" is no position: 0, 1, 2 and so on`);
    return { kind: 'at', at, from, to };
  }

  #base(): Base {
    const cursor = this.#cursor;
    const from = cursor.at;
    const name = cursor.peekWord();
    if (name === '' || reserved.has(name)) throw this.#noOperand(name);
    const to = from + name.length;
    if (name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
      throw new Fault({ from, to }, `"${name}" is no name of a field`);
    }
    cursor.takeWord(name);
    if (!cursor.startsWith('(')) return { kind: 'field', name, from, to };
    this.#enter({ from, to });
    cursor.take('(');
    const args = this.#arguments();
    const end = cursor.at + 1;
    if (!cursor.take(')')) throw cursor.expected('"," or ")"', `the call of ${name} is not closed`);
    this.#depth -= 1;
    return { kind: 'call', name, nameTo: to, args, from, to: end };
  }

  #noOperand(name: string): Fault {
    const cursor = this.#cursor;
    if (cursor.startsWith('"')) {
      return cursor.expected('a field or a function', 'the field stands on the left: field == "value"');
    }
    if (cursor.startsWith('$'))
      return cursor.expected('a field or a function', 'lists go with "in": field in $list');
    const hint = name === '' ? undefined : `"${name}" is an operator and wants something on its left`;
    return cursor.expected('a field or a function', hint);
  }

  #arguments(): Node[] {
    const cursor = this.#cursor;
    const args: Node[] = [];
    if (cursor.startsWith(')')) return args;
    do args.push(this.#argument());
    while (cursor.take(','));
    return args;
  }

  #argument(): Node {
    const cursor = this.#cursor;
    const next = cursor.text[cursor.at] ?? '';
    const isRaw = next === 'r' && /^r#*"/.test(cursor.text.slice(cursor.at, cursor.at + 258));
    const isAddress = /^[0-9A-Fa-f]*:/.test(cursor.text.slice(cursor.at, cursor.at + 8));
    if (!isRaw && !isAddress && !/["0-9:-]/.test(next)) return this.#level(0);
    const literal = cursor.literal();
    if (literal === undefined) throw cursor.expected('a value');
    return { kind: 'literal', literal, from: literal.from, to: literal.to };
  }
}

function spanOf(right: Right): Span {
  return right.kind === 'literal' ? right.literal : right;
}

/** Throws a `Fault` where the text is no expression. */
export function parse(text: string, what: 'Bool' | 'Bytes'): Node {
  if (text.length > charactersMax) {
    throw new Fault(
      { from: charactersMax, to: text.length },
      `an expression has at most ${charactersMax} characters, this one has ${text.length}`,
    );
  }
  const parser = new Parser(text);
  return what === 'Bool' ? parser.whole() : parser.value();
}
