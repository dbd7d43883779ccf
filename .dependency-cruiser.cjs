// The layers of ARCHITECTURE.md as a table, and the lint that is made from it. A module may import from the folders
// that its row names, from itself, and from nothing else; another module is entered by its doors only.

const domains = ['rules', 'guard', 'cache', 'origin', 'content', 'compute', 'dns', 'geo', 'logs', 'metrics'];
const base = ['lib', 'engine'];

// A row is a folder of src/, and the folders that it may import.
const mayImport = {
  lib: [],
  engine: ['lib'],
  ...Object.fromEntries(domains.map((name) => [name, base])),
  pipeline: [...base, ...domains],
  admin: [...base, ...domains],
  config: [...base],
  edge: [...base, ...domains, 'pipeline'],
  shipper: [...base, 'logs', 'metrics', 'rules'],
  control: [...base, ...domains, 'pipeline', 'admin', 'config', 'edge', 'shipper'],
  cli: [...base, 'config', 'control'],
};

// What a row may import beyond that, by exact pattern.
const exceptions = {
  config: [
    '^src/[^/]+/config\\.ts$',
    '^src/pipeline/protocol\\.ts$',
    '^src/logs/sinks/[^/]+/config\\.ts$',
    '^src/rules/(compile|scheme)/',
  ],
};

// Packages with one door each: the module that may import it.
const packageDoors = {
  yaml: '^src/config/',
  ajv: '^src/config/',
  undici: '^src/engine/uws/|^src/logs/sinks/',
  commander: '^src/cli/',
  pino: '/operator-log\\.ts$',
  piscina: '^src/compute/',
  'mmdb-lib': '^src/geo/database\\.ts$',
  re2js: '^src/rules/run/regex\\.ts$',
};

const doors = '/(index|config|protocol|layout)\\.ts$';

function layerRules() {
  return Object.entries(mayImport).map(([name, allowed]) => ({
    name: `layer-${name}`,
    comment: `src/${name} may import ${allowed.length === 0 ? 'nothing else of src' : allowed.join(', ')}`,
    severity: 'error',
    from: { path: `^src/${name}/` },
    to: {
      path: '^src/',
      pathNot: [...[name, ...allowed].map((folder) => `^src/${folder}/`), ...(exceptions[name] ?? [])],
    },
  }));
}

// src/lib and src/engine have no index: their files are leaves, each a door of its own.
function doorRules() {
  const closed = Object.keys(mayImport).filter((name) => !base.includes(name));
  return closed.map((name) => ({
    name: `door-${name}`,
    comment: `another module enters src/${name} by its index.ts, config.ts, protocol.ts or layout.ts only`,
    severity: 'error',
    from: { path: '^src/', pathNot: [`^src/${name}/`, ...(name === 'rules' ? ['^src/config/'] : [])] },
    to: { path: `^src/${name}/`, pathNot: [doors] },
  }));
}

function packageRules() {
  return Object.entries(packageDoors).map(([name, door]) => ({
    name: `package-${name}`,
    comment: `the package ${name} is imported in one place`,
    severity: 'error',
    from: { path: '^src/', pathNot: [door] },
    to: { path: `(^|/)node_modules/${name}/|^${name}(/|$)` },
  }));
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'no import cycle at all, type imports included',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-row',
      comment: 'every folder of src has a row in the table of layers',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [...Object.keys(mayImport).map((name) => `^src/${name}/`), '^src/main\\.ts$'],
      },
      to: {},
    },
    ...layerRules(),
    ...doorRules(),
    ...packageRules(),
    {
      name: 'main-is-cli',
      comment: 'src/main.ts hands over to the command line',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/cli/', '^src/lib/'] },
    },
    {
      name: 'child-imports-index',
      comment: 'a child never imports the index of its own folder',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: ['^src/[^/]+/index\\.ts$'] },
      to: { path: '^src/$1/index\\.ts$' },
    },
    {
      name: 'thread-entry',
      comment: 'thread entries are started, never imported',
      severity: 'error',
      from: {},
      to: { path: '\\.thread\\.ts$' },
    },
    {
      name: 'edge-thread-reach',
      comment: 'an edge thread never loads config, admin, sinks or the rule compiler',
      severity: 'error',
      from: { path: '^src/edge/.*\\.thread\\.ts$' },
      to: { path: '^src/(config|admin|control|cli|logs/sinks|rules/compile)/', reachable: true },
    },
    {
      name: 'shipper-thread-reach',
      comment: 'the log thread never loads the proxy or control',
      severity: 'error',
      from: { path: '^src/shipper/.*\\.thread\\.ts$' },
      to: { path: '^src/(config|admin|control|cli|pipeline|edge|rules/compile)/', reachable: true },
    },
    {
      name: 'source-imports-test',
      comment: 'sources import no tests, benchmarks or scripts',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'not-resolvable',
      comment: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
