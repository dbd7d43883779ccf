/** From a file to a config that can be used, or to every fault that it has. */

import type { ValidateFunction } from 'ajv';
import type { EnginePages } from '../engine/native/binding.ts';
import { configFolder } from '../lib/config-folder.ts';
import { checkLogs } from '../logs/config.ts';
import { checkErrorPages } from '../pipeline/config.ts';
import { checkFilters } from './check/filters.ts';
import { checkListeners } from './check/listeners.ts';
import { checkOrigins } from './check/origins.ts';
import { checkEngine, checkRelations } from './check/relations.ts';
import { type CompiledRules, checkRules } from './check/rules.ts';
import { checkZones } from './check/zones.ts';
import type { Diagnostic } from './diagnostic.ts';
import { ConfigFiles } from './files.ts';
import { checkGeoUse, noGeo, type ReadGeo, readGeo } from './geo.ts';
import { asNode, normalise } from './normalise.ts';
import { readPages } from './pages.ts';
import { type Config, configSchema } from './schema.ts';
import { parseSource, type Source } from './source.ts';
import { noTls, type ReadTls, readTls } from './tls.ts';
import { below, compileSchema, type Finding, validate } from './validate.ts';

/** `pages`: those of `error_pages`, read. `warnings`: what refuses nothing. */
export type Loaded =
  | {
      ok: true;
      config: Config;
      pages: EnginePages;
      rules: CompiledRules;
      tls: ReadTls;
      /** Databases of places. */
      geo: readonly SharedArrayBuffer[];
      warnings: Diagnostic[];
    }
  | { ok: false; faults: Diagnostic[] };

interface Check {
  run: (config: Config) => Finding[];
  /** Sections that it reads; of `names` it reads only which entries there are. */
  reads: readonly string[];
  names?: readonly string[];
}

const checks: readonly Check[] = [
  { run: checkListeners, reads: ['listeners', 'admin', 'trusted_proxies', 'dns'] },
  { run: checkOrigins, reads: ['origins', 'admin', 'dns'] },
  { run: checkZones, reads: ['zones'], names: ['origins'] },
  { run: checkRelations, reads: ['limits', 'store', 'arena'] },
  { run: checkEngine, reads: ['engine'] },
  {
    run: ({ logs }) => checkLogs(logs).map(({ path, message }) => ({ path: ['logs', ...path], message })),
    reads: ['logs'],
  },
  { run: checkFilters, reads: ['logs', 'lists'] },
  { run: checkPages, reads: ['error_pages', 'zones'] },
  { run: checkGeoUse, reads: ['geo', 'zones', 'rules'] },
];

function checkPages({ error_pages, zones }: Config): Finding[] {
  const of = (base: (string | number)[], pages: Config['error_pages']) =>
    checkErrorPages(pages).map((finding) => below(base, finding));
  return [
    ...of(['error_pages'], error_pages),
    ...zones.flatMap((zone, index) => of(['zones', index, 'error_pages'], zone.error_pages)),
  ];
}

const noPages: EnginePages = { pages: [], choices: [] };

let compiled: ValidateFunction | undefined;

/** `file` is the name as the operator gave it: relative paths in the config start at its folder. */
export function loadConfig(file: string, text: string, files: ConfigFiles = new ConfigFiles()): Loaded {
  const source = parseSource(file, text);
  const faults = [...source.faults];
  if (source.value === undefined) return { ok: false, faults };
  if (source.value === null) {
    faults.push({
      file,
      line: 1,
      column: 1,
      length: 1,
      source: '',
      message: 'the config is empty',
      expected: 'at least listeners, origins and zones',
    });
    return { ok: false, faults };
  }
  compiled ??= compileSchema(configSchema);
  const config = normalise(asNode(configSchema), source.value, configFolder(file, process.cwd()));
  const findings = validate(compiled, config);
  for (const { run, reads, names = [] } of checks) {
    // A check looks at values of the right shape only.
    const isBroken = findings.some((finding) => breaks(finding, reads, names));
    if (!isBroken) findings.push(...run(config as Config));
  }
  let pages = noPages;
  if (!findings.some((finding) => breaks(finding, ['error_pages', 'zones'], []))) {
    const read = readPages(config as Config, files);
    findings.push(...read.findings);
    faults.push(...read.faults);
    pages = read.pages;
  }
  const tls = checkTls(config as Config, findings, files);
  const geo = checkGeo(config as Config, findings, files);
  const rules = checkRules(config as Config, findings, files);
  faults.push(...[...findings, ...rules.findings].map((finding) => place(finding, source)), ...rules.faults);
  if (faults.some(({ severity }) => severity !== 'warning')) return { ok: false, faults };
  return {
    ok: true,
    config: config as Config,
    pages,
    rules: rules.compiled,
    tls,
    geo: geo.databases,
    warnings: faults,
  };
}

function checkTls(config: Config, findings: Finding[], files: ConfigFiles): ReadTls {
  if (findings.some((finding) => breaks(finding, ['listeners', 'origins'], []))) return noTls;
  const tls = readTls(config, files);
  findings.push(...tls.findings);
  return tls;
}

function checkGeo(config: Config, findings: Finding[], files: ConfigFiles): ReadGeo {
  if (findings.some((finding) => breaks(finding, ['geo'], []))) return noGeo;
  const geo = readGeo(config, files);
  findings.push(...geo.findings);
  return geo;
}

/** Whether a fault of shape is in what a check reads. An unknown key breaks nothing. */
function breaks(
  { path, part, missing }: Finding,
  reads: readonly string[],
  names: readonly string[],
): boolean {
  if (part === 'key') return false;
  const section = path[0] ?? missing;
  if (section === undefined) return true;
  return reads.includes(String(section)) || (names.includes(String(section)) && path.length <= 1);
}

function place(finding: Finding, source: Source): Diagnostic {
  const { path, part = 'value', message, expected, suggestion, hint, span, severity } = finding;
  const at = source.locate(path, part, span);
  return { file: source.file, ...at, message, expected, suggestion, hint: hint ?? at.hint, severity };
}
