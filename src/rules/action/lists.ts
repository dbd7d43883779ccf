/** Named lists: the items of the config and of files, checked. */
import { checkList, type NamedList } from '../compile/index.ts';

export type Lists = ReadonlyMap<string, NamedList>;

interface ListConfig {
  readonly kind: 'ip' | 'string' | 'integer';
  readonly items: readonly (string | number)[];
  readonly file?: string;
}

/** A fault at a key of the config. */
interface ListFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly expected?: string;
}
/** A fault in a file that a list names. Line and column from 1. */
export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Characters of the item. */
  readonly length: number;
  readonly source: string;
  readonly message: string;
}

export interface ReadLists {
  readonly lists: Lists;
  readonly faults: readonly ListFault[];
  readonly fileFaults: readonly FileFault[];
}

const kinds = { ip: 'Ip', string: 'Bytes', integer: 'Int' } as const;
/** rules.md 2.1: what may follow `$`. */
const namePattern = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/;

interface Line {
  readonly line: number;
  readonly column: number;
  readonly source: string;
  readonly item: string;
}

/** Items of a file: a "#" at the start of a line or behind white space begins a comment. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const source = raw.replace(/\r$/, '');
    const item = source.replace(/(?:^|\s)#.*$/, '').trim();
    if (item !== '') lines.push({ line: index + 1, column: source.indexOf(item) + 1, source, item });
  }
  return lines;
}

/** @param readFile gives the text of a file, or throws */
export function readLists(
  config: Readonly<Record<string, ListConfig>>,
  readFile: (path: string) => string,
): ReadLists {
  const lists = new Map<string, NamedList>();
  const faults: ListFault[] = [];
  const fileFaults: FileFault[] = [];
  for (const [name, { kind, items, file }] of Object.entries(config)) {
    if (!namePattern.test(name)) {
      const expected = 'lower-case letters, digits, "_", and "." between them';
      faults.push({ path: [name], message: `"${name}" cannot be the name of a list`, expected });
    }
    let lines: Line[] = [];
    try {
      if (file !== undefined) lines = linesOf(readFile(file));
    } catch (error) {
      faults.push({ path: [name, 'file'], message: `${file} cannot be used: ${(error as Error).message}` });
    }
    const own = items.map(String);
    const list: NamedList = { kind: kinds[kind], items: [...own, ...lines.map(({ item }) => item)] };
    for (const { item, message } of checkList(list)) {
      const line = lines[item - own.length];
      if (line === undefined) faults.push({ path: [name, 'items', item], message });
      else {
        const { line: at, column, source, item: text } = line;
        fileFaults.push({ file: file as string, line: at, column, length: text.length, source, message });
      }
    }
    lists.set(name, list);
  }
  return { lists, faults, fileFaults };
}
