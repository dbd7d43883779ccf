/** Texts that hold pairs: a query, cookies, language ranges. */

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

const isBlank = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t';

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
