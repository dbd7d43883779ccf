/** What must hold for the repository's own text, every file that git knows or would add. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';

const sizeBytesMax = 1024 * 1024;

interface Rule {
  name: string;
  pattern: RegExp;
  /** Files that may have it. */
  except?: RegExp;
}

// Spelled so that this file does not break its own rules.
const rules: Rule[] = [
  {
    name: 'a path of one machine',
    pattern: /(?<![\w.$}\])-])\/(?:work|root|Users|home\/[a-z]+)\/[\w.-]+/,
    except: /^native\/fuzz\/corpus\//,
  },
  {
    name: 'the address of a registry',
    pattern:
      /https?:\/\/(?!registry\.npmjs\.org)[\w.-]*(?:registry|npm|artifactory|nexus|verdaccio|mirror)[\w.-]*[:/]/i,
    except: /^package-lock\.json$/,
  },
  { name: 'unfinished business', pattern: new RegExp(`\\b(?:${['TO', 'FIX'].join('DO|')}ME|X{3})\\b`) },
  { name: 'a merge conflict', pattern: new RegExp(`^(?:${'<'.repeat(7)} |${'>'.repeat(7)} )`, 'm') },
  {
    name: 'white space at the end of a line',
    pattern: /[ \t]+$/m,
    except: /^native\/fuzz\/corpus\/|\.patch$/,
  },
  { name: 'a carriage return', pattern: /\r/, except: /^native\/fuzz\/corpus\// },
];

function repositoryFiles(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const list = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  return list.filter((file) => file !== '' && existsSync(path.join(root, file)));
}

function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 8192).includes(0);
}

const isRepository = existsSync(path.join(root, '.git'));

t.test(
  'no file has what no file should have',
  { skip: isRepository ? false : 'not a git clone' },
  async (t) => {
    const files = repositoryFiles();
    t.ok(files.length > 30, `${files.length} files`);
    const faults: string[] = [];
    for (const file of files) {
      if (lstatSync(path.join(root, file)).isSymbolicLink()) continue;
      const bytes = readFileSync(path.join(root, file));
      if (bytes.length > sizeBytesMax) faults.push(`${file}: larger than ${sizeBytesMax} bytes`);
      if (!isText(bytes)) continue;
      const text = bytes.toString('utf8');
      for (const { name, pattern, except } of rules) {
        const match = except?.test(file) === true ? null : pattern.exec(text);
        if (match === null) continue;
        const line = text.slice(0, match.index).split('\n').length;
        faults.push(`${file}:${line}: ${name}: ${JSON.stringify(match[0])}`);
      }
      if (text !== '' && !text.endsWith('\n') && !file.startsWith('native/fuzz/corpus/')) {
        faults.push(`${file}: no new line at the end`);
      }
    }
    t.same(faults, []);
  },
);

t.test('the rules catch what they are for', async (t) => {
  const samples = [
    ['see /', 'work/main/x'].join(''),
    ['resolved https', '://npm.example.org/x'].join(''),
    ['// TO', 'DO: later'].join(''),
    ['<<<', '<<<< HEAD'].join(''),
    'x  ',
    'x\r\n',
  ];
  for (const [i, sample] of samples.entries()) t.ok(rules[i]?.pattern.test(sample), `${rules[i]?.name}`);
  t.notOk(rules[0]?.pattern.test("path.join(root, 'a')/work"), 'a relative path is no machine path');
  t.notOk(rules[1]?.pattern.test('https://registry.npmjs.org/x'), 'the public registry is');
});
