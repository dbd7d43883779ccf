/**
 * How long files are. oxlint holds 400 lines and 70 lines a function for src/; native code, parsers and generators are
 * reported here and never fail.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { filesBelow, root } from '../../scripts/toolchain.mjs';

const linesMax = 400;

/** Lines that hold code: not blank, not comment alone. */
function codeLines(text: string): number {
  const lines = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
}

t.test('the long files of native code and of scripts are reported', async (t) => {
  const files = [...filesBelow('native', ['.cc', '.h']), ...filesBelow('scripts', ['.mjs'])];
  t.ok(files.length > 5, `${files.length} files`);
  for (const file of files.filter((name) => !name.includes('.gen.'))) {
    const count = codeLines(readFileSync(path.join(root, file), 'utf8'));
    if (count > linesMax) t.comment(`${file}: ${count} lines of code (guide: ${linesMax})`);
  }
});

t.test('lines of code leave comments and blank lines out', async (t) => {
  t.equal(codeLines('// a\n\n/* b\n c */\nint x;\n'), 1);
});
