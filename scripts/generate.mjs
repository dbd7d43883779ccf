// Writes what is generated from TypeScript: the C++ headers from the layouts, and the schema and the reference of the
// config. With --check it is the stale check that CI runs.
// Usage: node scripts/generate.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { configReference } from './generate/config-reference.mjs';
import { configSchemaJson } from './generate/config-schema.mjs';
import { contractHeader } from './generate/contract-header.mjs';
import { knownNamesHeader } from './generate/known-names-header.mjs';
import { logFieldsPage } from './generate/log-fields.mjs';
import { withMeasured } from './generate/measured.mjs';
import { recordLayoutHeader } from './generate/record-layout-header.mjs';
import { encodeLayoutHeader, ringLayoutHeader } from './generate/ring-layout-header.mjs';
import { withTraces } from './generate/traces.mjs';

const root = new URL('../', import.meta.url);
const contract = await import(new URL('src/engine/contract.ts', root).href);
const ringLayout = await import(new URL('src/logs/ring/layout.ts', root).href);
const encodeLayout = await import(new URL('src/logs/encode/program-layout.ts', root).href);
const record = await import(new URL('src/logs/record/fixed.ts', root).href);
const { configSchema } = await import(new URL('src/config/schema.ts', root).href);
const { httpRequestsFields } = await import(new URL('src/logs/record/http-requests.ts', root).href);
const { schemaHash } = await import(new URL('src/logs/record/schema.ts', root).href);

const textOf = (path) => readFileSync(new URL(path, root), 'utf8');

const outputs = [
  ['native/core/contract.gen.h', contractHeader(contract)],
  ['native/core/known_names.gen.h', knownNamesHeader(contract.knownNames)],
  ['native/core/ring_layout.gen.h', ringLayoutHeader(ringLayout, schemaHash)],
  ['native/core/record_layout.gen.h', recordLayoutHeader(record)],
  ['native/core/encode_layout.gen.h', encodeLayoutHeader(encodeLayout)],
  ['config/schema.json', configSchemaJson(configSchema)],
  ['config/reference.yaml', configReference(configSchema)],
  ['docs/log-fields.md', logFieldsPage(httpRequestsFields)],
  ['README.md', withMeasured(textOf('README.md'), JSON.parse(textOf('bench/results/latest.json')))],
  [
    'bench/README.md',
    withTraces(textOf('bench/README.md'), JSON.parse(textOf('bench/results/cache-traces.json'))),
  ],
];

export function staleFiles() {
  return outputs
    .filter(([path, text]) => {
      try {
        return readFileSync(new URL(path, root), 'utf8') !== text;
      } catch {
        return true;
      }
    })
    .map(([path]) => path);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const stale = staleFiles();
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`stale: ${path} (run: npm run gen)`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of outputs)
      if (stale.includes(path)) writeFileSync(fileURLToPath(new URL(path, root)), text);
    console.log(stale.length === 0 ? 'generated files are up to date' : `wrote ${stale.join(', ')}`);
  }
}
