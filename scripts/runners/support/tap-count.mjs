// Counts the tests in the TAP stream of one test file: tests nest four spaces a level, in either of the two forms
// (children before the result line, or after it in braces). What counts is a named test without named tests inside,
// or a bare assertion at the top of the file; never an assertion inside a test.

const point = /^( *)(not ok|ok) \d+(?: - (.*?))?( \{)?$/;

/** Takes the directive and the timing off the description of a test point. */
function describe(text) {
  const at = text.search(/(?<!\\) # (?:time=|skip|todo)/i);
  const directive = at < 0 ? '' : text.slice(at + 3);
  const isSkip = /(?:^|# )skip/i.test(directive);
  const isTodo = /(?:^|# )todo/i.test(directive);
  return {
    name: (at < 0 ? text : text.slice(0, at)).replaceAll('\\#', '#').trim(),
    isSkip,
    isTodo,
    directive,
  };
}

/** The test points of the stream as a tree: the list of those at its top. */
function parse(text) {
  const pending = [[]];
  const braces = [];
  let yamlIndent = -1;
  let last = null;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (yamlIndent >= 0) {
      if (line.trim() === '...' && indent === yamlIndent) yamlIndent = -1;
      else last?.diagnostic.push(line.slice(yamlIndent));
      continue;
    }
    if (line.trim() === '---' && last !== null) {
      yamlIndent = indent;
      continue;
    }
    if (line.trim() === '}' && braces.at(-1) === indent) {
      braces.pop();
      pending[indent / 4 + 1] = [];
      continue;
    }
    const match = point.exec(line);
    if (match === null || match[1].length % 4 !== 0) continue;
    const depth = match[1].length / 4;
    const isBuffered = match[4] !== undefined;
    const children = isBuffered ? [] : (pending[depth + 1] ?? []);
    last = { ok: match[2] === 'ok', ...describe(match[3] ?? ''), children, diagnostic: [] };
    if (isBuffered) braces.push(indent);
    for (let i = depth; i >= 0; i -= 1) pending[i] ??= [];
    pending[depth].push(last);
    pending[depth + 1] = isBuffered ? children : [];
  }
  return pending[0];
}

/** The name of a failed test, and what tap says of each of its failed assertions. */
function failureText(node, trail) {
  const lines = [trail];
  for (const child of node.children) {
    if (!child.ok && !child.isTodo) {
      lines.push(`  ${child.name}`, ...child.diagnostic.map((line) => `    ${line}`));
    }
  }
  if (lines.length === 1) lines.push(...node.diagnostic.map((line) => `    ${line}`));
  return lines.join('\n');
}

function countTest(node, trail, counts) {
  const name = [...trail, node.name].join(' > ');
  if (node.isSkip || node.isTodo) {
    counts.skips.push(`${name} (${node.directive})`);
    return;
  }
  const nested = node.children.filter((child) => child.children.length > 0 || child.isSkip || child.isTodo);
  if (nested.length === 0) {
    if (node.ok) counts.passed += 1;
    else counts.failures.push(failureText(node, name));
    return;
  }
  const failedBefore = counts.failures.length;
  for (const child of nested) countTest(child, [...trail, node.name], counts);
  if (!node.ok && counts.failures.length === failedBefore) counts.failures.push(failureText(node, name));
}

/**
 * Counts the file `file` that wrote `text` and ended with `code`: `{ passed, failures, skips }`, the last two as lists
 * of texts that begin with the name. A file without a test, and one that failed outside its tests, is a failure.
 */
export function countTap(file, text, code) {
  const counts = { passed: 0, failures: [], skips: [] };
  for (const node of parse(text)) countTest(node, [file], counts);
  if (code !== 0 && counts.failures.length === 0) {
    counts.failures.push(`${file}: ended with ${code}, outside its tests\n${text.slice(-4000)}`);
  } else if (counts.passed + counts.failures.length + counts.skips.length === 0) {
    const all = /^1\.\.0 # skip (.*)$/im.exec(text);
    if (all === null) counts.failures.push(`${file}: ran no test`);
    else counts.skips.push(`${file} (${all[1]})`);
  }
  return counts;
}
