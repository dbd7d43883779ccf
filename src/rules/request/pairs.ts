/** Texts that hold pairs: a query, cookies, language ranges. */

/** Values under one name, in order. */
export type Lines = readonly string[];
export type Pairs = ReadonlyMap<string, Lines>;

function add(map: Map<string, string[]>, name: string, value: string): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}

/** Arguments of a query in the order of the request, not decoded; one without "=" has an empty value. */
export function parseArguments(query: string): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals === -1) add(map, part, '');
    else add(map, part.slice(0, equals), part.slice(equals + 1));
  }
  return map;
}

/** Cookies (RFC 6265 4.2.1): names URL-decoded and merged, values as they are. */
export function parseCookies(lines: readonly string[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const line of lines) {
    for (const part of line.split(';')) {
      const pair = trim(part);
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      if (equals === -1) add(map, '', pair);
      else add(map, decodeName(trim(pair.slice(0, equals))), trim(pair.slice(equals + 1)));
    }
  }
  return map;
}

const percent = 0x25;

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text, from)) from += 1;
  while (to > from && isBlank(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

function decodeName(name: string): string {
  if (!name.includes('%')) return name;
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Values of one argument, as `parseArguments` would have them; null where there is none. */
export function argumentValues(query: string, name: string): string[] | null {
  let values: string[] | null = null;
  for (let from = 0; from < query.length; ) {
    const ampersand = query.indexOf('&', from);
    const to = ampersand === -1 ? query.length : ampersand;
    const end = from + name.length;
    const isNamed = end <= to && query.startsWith(name, from) && to > from;
    if (isNamed && (end === to || query[end] === '=')) {
      values ??= [];
      values.push(query.slice(end === to ? to : end + 1, to));
    }
    from = to + 1;
  }
  return values;
}

/** Values of one cookie, as `parseCookies` would have them; null where there is none. */
export function cookieValues(lines: readonly string[], name: string): string[] | null {
  let values: string[] | null = null;
  for (const line of lines) {
    for (let from = 0; from < line.length; ) {
      const semicolon = line.indexOf(';', from);
      const to = semicolon === -1 ? line.length : semicolon;
      const value = valueOfCookie(line, from, to, name);
      if (value !== null) {
        values ??= [];
        values.push(value);
      }
      from = to + 1;
    }
  }
  return values;
}

function valueOfCookie(line: string, first: number, to: number, name: string): string | null {
  let from = first;
  while (from < to && isBlank(line, from)) from += 1;
  if (from === to) return null;
  const equals = line.indexOf('=', from);
  const hasName = equals !== -1 && equals < to;
  if (!hasName) return name === '' ? trim(line.slice(from, to)) : null;
  const end = from + name.length;
  if (end === equals && line.startsWith(name, from) && !name.includes('%'))
    return trim(line.slice(equals + 1, to));
  // A name that is written otherwise: encoded, or with white space behind it.
  if (!hasOddName(line, from, equals)) return null;
  return decodeName(trim(line.slice(from, equals))) === name ? trim(line.slice(equals + 1, to)) : null;
}

function hasOddName(line: string, from: number, equals: number): boolean {
  for (let at = from; at < equals; at += 1)
    if (line.charCodeAt(at) === percent || isBlank(line, at)) return true;
  return false;
}

/** Language ranges by weight, highest first, in the order of the request where weights are equal; "*" is dropped. */
export function acceptedLanguages(lines: readonly string[]): string[] {
  const ranges: { range: string; weight: number }[] = [];
  for (const part of lines.join(',').split(',')) {
    const [range = '', ...parameters] = part.split(';').map(trim);
    if (range === '' || range === '*') continue;
    const quality = parameters.find((parameter) => /^[qQ]=/.test(parameter));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    ranges.push({ range, weight: Number.isNaN(weight) ? 0 : weight });
  }
  return ranges.sort((left, right) => right.weight - left.weight).map(({ range }) => range);
}

/** The part of a path behind its last slash. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What follows the last dot of the last segment, in lower case; "" where the segment only begins with a dot. */
export function extension(path: string): string {
  const last = basename(path);
  const dot = last.lastIndexOf('.');
  return dot <= 0 ? '' : last.slice(dot + 1);
}
