// Counts the tests in a TAP stream as tap writes it: one document of files, each with the tests of that file nested
// below, four spaces a level, in either of the two forms (children before the result line, or after it in braces).
// What counts is a named test without named tests inside, never a single assertion, and never a file.

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
    if (line.trim() === '---') {
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
    const node = { ok: match[2] === 'ok', ...describe(match[3] ?? ''), children: pending[depth + 1] ?? [] };
    node.diagnostic = [];
    last = node;
    if (isBuffered) {
      node.children = [];
      braces.push(indent);
    }
    for (let i = depth; i >= 0; i -= 1) pending[i] ??= [];
    pending[depth].push(node);
    pending[depth + 1] = isBuffered ? node.children : [];
  }
  return pending[0];
}

/** The name of a failed test, and what tap says of each of its failed assertions. */
function failureText(node, trail) {
  const lines = [trail];
  for (const child of node.children) {
    if (!child.ok && !child.isTodo)
      lines.push(`  ${child.name}`, ...child.diagnostic.map((line) => `    ${line}`));
  }
  if (lines.length === 1) lines.push(...node.diagnostic.map((line) => `    ${line}`));
  return lines.join('\n');
}

function countTest(node, trail, counts) {
  const name = [...trail, node.name].join(' > ');
  if (node.isSkip || node.isTodo) {
    counts.skips.push(`${name}${node.directive === '' ? '' : ` (${node.directive})`}`);
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

/** Answers `{ files, passed, failures, skips }`, the last two as lists of texts that begin with the name. */
export function countTap(text) {
  const counts = { files: 0, passed: 0, failures: [], skips: [] };
  for (const file of parse(text)) {
    counts.files += 1;
    const failedBefore = counts.failures.length;
    const before = counts.passed + counts.failures.length + counts.skips.length;
    for (const child of file.children) countTest(child, [file.name], counts);
    const counted = counts.passed + counts.failures.length + counts.skips.length - before;
    if (counted === 0 && file.isSkip && file.directive !== '' && !/no tests found/i.test(file.directive)) {
      counts.skips.push(`${file.name} (${file.directive})`);
    } else if (counted === 0) {
      counts.failures.push(`${file.name}: ran no test`);
    } else if (!file.ok && counts.failures.length === failedBefore) {
      counts.failures.push(`${file.name}: failed outside its tests\n${file.diagnostic.join('\n')}`);
    }
  }
  return counts;
}
