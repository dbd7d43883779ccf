// Generated parts of pages that are written by hand otherwise: what stands between two marks.

/** `text` with `inner` between `begin` and `end`, which stay. */
export function betweenMarks(text, begin, end, inner) {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has lost its marks: ${begin}`);
  return `${text.slice(0, from)}${begin}\n${inner}\n${text.slice(to)}`;
}
