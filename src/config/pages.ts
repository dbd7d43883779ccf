/** The pages of `error_pages`: their files, and the placeholders in them, made ready for the engine. */
import { extname } from 'node:path';
import { type EnginePages, pagePlaceholders } from '../engine/native/binding.ts';
import { nearestName } from '../lib/edit-distance.ts';
import type { ErrorPagesConfig } from '../pipeline/config.ts';
import type { Diagnostic, Path } from './diagnostic.ts';
import type { ConfigFiles } from './files.ts';
import { FileError } from './files.ts';
import type { Config } from './schema.ts';
import type { Finding } from './validate.ts';

const pageBytesMax = 64 * 1024;

const typesByEnding: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.xhtml': 'application/xhtml+xml',
};
const html = 'text/html; charset=utf-8';

export interface ReadPages {
  pages: EnginePages;
  /** Faults of the config. */
  findings: Finding[];
  /** Faults in the files of pages, with their places there. */
  faults: Diagnostic[];
}

interface Parts {
  parts: string[];
  /** The first placeholder that there is not. */
  unknown?: { name: string; at: number; length: number };
}

/** Texts and names of placeholders, in turns. */
export function splitPage(text: string): Parts {
  const parts: string[] = [];
  let from = 0;
  for (const match of text.matchAll(/\{\{[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*\}\}/g)) {
    const name = match[1] ?? '';
    if (!(pagePlaceholders as readonly string[]).includes(name))
      return { parts, unknown: { name, at: match.index, length: match[0].length } };
    parts.push(text.slice(from, match.index), name);
    from = match.index + match[0].length;
  }
  return { parts: [...parts, text.slice(from)] };
}

/** `404` is itself, `4xx` 4, `default` 0. */
const statusOf = (key: string) => (key === 'default' ? 0 : Number(key.replace('xx', '')));

class PageReader implements ReadPages {
  readonly pages: EnginePages = { pages: [], choices: [] };
  readonly findings: Finding[] = [];
  readonly faults: Diagnostic[] = [];
  readonly #files: ConfigFiles;
  /** Numbers of pages by what they hold: one that many zones share is there once. */
  readonly #numbers = new Map<string, number>();

  constructor(files: ConfigFiles) {
    this.#files = files;
  }

  take(zone: number, pages: ErrorPagesConfig, base: Path): void {
    for (const [key, page] of Object.entries(pages)) {
      const path = [...base, key];
      const type = page.content_type ?? this.#typeOf(page.file, path);
      const text = page.file === undefined ? page.content : this.#readFile(page.file, path);
      if (type === undefined || text === undefined) continue;
      if (Buffer.byteLength(text) > pageBytesMax) {
        this.findings.push({
          path: [...path, 'content'],
          message: `the page is larger than ${pageBytesMax} bytes`,
        });
        continue;
      }
      const { parts, unknown } = splitPage(text);
      if (unknown === undefined) this.#choose(zone, statusOf(key), type, parts);
      else this.#unknownPlaceholder(unknown, text, page.file, path);
    }
  }

  #choose(zone: number, status: number, contentType: string, parts: string[]): void {
    const name = JSON.stringify([contentType, parts]);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.pages.pages.push({ contentType, parts }) - 1;
      this.#numbers.set(name, number);
    }
    this.pages.choices.push([zone, status, number]);
  }

  #typeOf(file: string | undefined, path: Path): string | undefined {
    if (file === undefined) return html;
    const type = typesByEnding[extname(file).toLowerCase()];
    if (type !== undefined) return type;
    const endings = Object.keys(typesByEnding).join(', ');
    const message = `the ending of ${file} stands for no type that is known`;
    this.findings.push({ path: [...path, 'file'], message, expected: `one of ${endings}, or content_type` });
    return undefined;
  }

  #readFile(file: string, path: Path): string | undefined {
    const fault = (why: string) =>
      void this.findings.push({ path: [...path, 'file'], message: `${file} cannot be used: ${why}` });
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#files.read(file, pageBytesMax));
    } catch (error) {
      return fault(error instanceof FileError ? error.message : 'it is not UTF-8');
    }
  }

  #unknownPlaceholder(
    { name, at, length }: { name: string; at: number; length: number },
    text: string,
    file: string | undefined,
    path: Path,
  ): void {
    const message = `there is no placeholder "${name}"`;
    const expected = pagePlaceholders.map((one) => `{{${one}}}`).join(', ');
    const suggestion = nearestName(name, pagePlaceholders);
    if (file === undefined) {
      this.findings.push({ path: [...path, 'content'], message, expected, suggestion });
      return;
    }
    const before = text.slice(0, at).split('\n');
    const line = before.length;
    const source = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
    const column = (before.at(-1) ?? '').length + 1;
    this.faults.push({ file, line, column, length, message, expected, suggestion, source });
  }
}

/** For a config of the right shape. Reads the files of its pages. */
export function readPages(config: Config, files: ConfigFiles): ReadPages {
  const reader = new PageReader(files);
  reader.take(-1, config.error_pages, ['error_pages']);
  for (const [zone, { error_pages }] of config.zones.entries())
    reader.take(zone, error_pages, ['zones', zone, 'error_pages']);
  return reader;
}
