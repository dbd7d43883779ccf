/**
 * Short pages for what the proxy answers by itself, in the format that Accept asks for, as bytes that are made once per
 * status (RFC 9110 12.5.1; RFC 9457 for the JSON form). Where the operator has a page, the engine puts it in their place.
 */
import { STATUS_CODES } from 'node:http';
import { editOp } from '../engine/contract.ts';
import { type EncodedEdits, encodeEdits } from '../engine/edits.ts';
import { type HeadView, knownId } from '../engine/head-view.ts';

/** One answer: the edits that name its type, and its body. */
export interface Page {
  readonly edits: EncodedEdits;
  readonly body: Uint8Array;
}

const formats = ['text/plain', 'text/html', 'application/problem+json'] as const;
type Format = (typeof formats)[number];

/** Media types of Accept, and the format that they stand for. */
const accepted: ReadonlyMap<string, Format> = new Map([
  ['text/plain', 'text/plain'],
  ['text/html', 'text/html'],
  ['application/xhtml+xml', 'text/html'],
  ['application/json', 'application/problem+json'],
  ['application/problem+json', 'application/problem+json'],
  ['application/*', 'application/problem+json'],
  ['text/*', 'text/plain'],
  ['*/*', 'text/plain'],
]);

const acceptId = knownId('accept');

function encodePage(contentType: string, body: string): Page {
  return {
    edits: encodeEdits([
      { op: editOp.set, name: 'content-type', value: contentType },
      { op: editOp.set, name: 'cache-control', value: 'no-store' },
    ]),
    body: new Uint8Array(Buffer.from(body)),
  };
}

function builtIn(status: number, format: Format): Page {
  const title = STATUS_CODES[status] ?? 'Error';
  switch (format) {
    case 'text/plain':
      return encodePage('text/plain; charset=utf-8', `${status} ${title}\n`);
    case 'text/html': {
      const heading = `${status} ${title}`;
      const head = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${heading}</title>`;
      return encodePage('text/html; charset=utf-8', `${head}<h1>${heading}</h1></html>\n`);
    }
    case 'application/problem+json':
      return encodePage(format, `${JSON.stringify({ type: 'about:blank', title, status })}\n`);
  }
}

interface Wish {
  format: Format;
  weight: number;
  /** Exact types before ranges. */
  isRange: boolean;
}

function readWish(member: string): Wish | undefined {
  const [type = '', ...parameters] = member.toLowerCase().split(';');
  const name = type.trim();
  const format = accepted.get(name);
  if (format === undefined) return undefined;
  const weightText = parameters
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('q='));
  const weight = weightText === undefined ? 1 : Number(weightText.slice(2));
  return weight > 0 ? { format, weight, isRange: name.endsWith('*') } : undefined;
}

/** The format that an Accept value prefers; text where it names none of ours. */
export function chooseFormat(accept: string): Format {
  const wishes = accept
    .split(',')
    .map(readWish)
    .filter((wish) => wish !== undefined);
  wishes.sort((a, b) => b.weight - a.weight || Number(a.isRange) - Number(b.isRange));
  return wishes[0]?.format ?? 'text/plain';
}

/** The built-in pages of one snapshot. */
export class ErrorPages {
  readonly #pages = new Map<string, Page>();

  page(status: number, request: HeadView): Page {
    const format = chooseFormat((request.exists ? request.joinedText(acceptId) : undefined) ?? '');
    const name = `${status} ${format}`;
    let page = this.#pages.get(name);
    if (page === undefined) {
      page = builtIn(status, format);
      this.#pages.set(name, page);
    }
    return page;
  }
}
