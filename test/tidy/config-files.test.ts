/** What is generated from the schema for people and editors: every key is in the reference, and described in the schema. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/toolchain.mjs';

interface Node {
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  oneOf?: Node[];
}

const schema = JSON.parse(readFileSync(join(root, 'config/schema.json'), 'utf8')) as Node;
const reference = readFileSync(join(root, 'config/reference.yaml'), 'utf8');

/** Every key with the names that lead to it; `*` stands for a name that the operator chooses. */
function* keysOf(node: Node, path: readonly string[] = []): Generator<[path: readonly string[], node: Node]> {
  for (const [name, inner] of Object.entries(node.properties ?? {})) {
    yield [[...path, name], inner];
    yield* keysOf(inner, [...path, name]);
  }
  if (typeof node.additionalProperties === 'object') yield* keysOf(node.additionalProperties, [...path, '*']);
  if (node.items !== undefined) yield* keysOf(node.items, path);
  for (const variant of node.oneOf ?? []) yield* keysOf(variant, path);
}

/** The keys of the reference, those that are commented out included, each with the names that lead to it. */
function referencePaths(): string[][] {
  const paths: string[][] = [];
  const open: { indent: number; name: string }[] = [];
  for (const line of reference.split('\n')) {
    const match = /^( *)#?((?:- )*)([A-Za-z0-9_"'.*-]+):(?: |$)/.exec(line);
    if (match === null) continue;
    const [, indent = '', dashes = '', name = ''] = match;
    const depth = indent.length + dashes.length;
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= depth) open.pop();
    open.push({ indent: depth, name: name.replaceAll(/["']/g, '') });
    paths.push(open.map((one) => one.name));
  }
  return paths;
}

const keys = [...keysOf(schema)];

t.test('every key of the schema is in the reference, at its place', async (t) => {
  t.ok(keys.length > 80, `${keys.length} keys`);
  const shown = referencePaths();
  const isShown = (path: readonly string[]) =>
    shown.some(
      (one) => one.length === path.length && path.every((name, i) => name === '*' || name === one[i]),
    );
  // A section that is given in one line (`{ a: 1 }`) shows its keys there.
  const isInLine = (path: readonly string[]) => new RegExp(`\\{.*\\b${path.at(-1)}: `).test(reference);
  // Rules have the same keys in every phase and zone: an example of each is enough.
  const names = new Set(shown.map((one) => one.at(-1)));
  const isRule = (path: readonly string[]) => path.includes('rules') && names.has(path.at(-1));
  t.same(
    keys
      .filter(([path]) => !isShown(path) && !isRule(path) && !isInLine(path))
      .map(([path]) => path.join('.')),
    [],
  );
});

t.test('every key has a description, for editors', async (t) => {
  const bare = keys.filter(([, node]) => node.description === undefined && node.const === undefined);
  t.same(
    bare.map(([path]) => path.join('.')),
    [],
  );
});

t.test('every config that is shipped names the schema in its first line', async (t) => {
  const folders: [folder: string, schema: string][] = [
    ['config', './schema.json'],
    ['config/examples', '../schema.json'],
    ['packaging/docker', '../../config/schema.json'],
  ];
  for (const [folder, path] of folders) {
    const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'));
    t.ok(names.length > 0, folder);
    for (const name of names) {
      const [first] = readFileSync(join(root, folder, name), 'utf8').split('\n');
      t.equal(first, `# yaml-language-server: $schema=${path}`, `${folder}/${name}`);
    }
  }
});
