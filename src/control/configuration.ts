/** A config that is in force, or might be: its text, what it says, and what the threads work by. */
import {
  type Compiled,
  type Config,
  ConfigFiles,
  compile,
  formatDiagnostics,
  type Ids,
  loadConfig,
} from '../config/index.ts';

export interface Configuration {
  file: string;
  text: string;
  /** What the files hold that it names. */
  files: ConfigFiles;
  config: Config;
  compiled: Compiled;
  ids: Ids;
  /** What is no fault, but probably not meant; empty where there is nothing. */
  warnings: string;
}

export type Read = { ok: true; configuration: Configuration } | { ok: false; diagnostics: string };

/** Pure but for the paths that it makes absolute, and for the files that the config names. */
export function readConfiguration(
  file: string,
  text: string,
  before: Ids,
  testFaults: boolean,
  files = new ConfigFiles(),
): Read {
  const loaded = loadConfig(file, text, files);
  if (!loaded.ok) return { ok: false, diagnostics: formatDiagnostics(loaded.faults) };
  const { config, pages, rules, tls, geo } = loaded;
  const warnings = loaded.warnings.length === 0 ? '' : formatDiagnostics(loaded.warnings);
  const { compiled, ids } = compile(config, before, { testFaults, pages, rules, tls, geo });
  return { ok: true, configuration: { file, text, files, config, compiled, ids, warnings } };
}

/** Keys that are read once, when the process starts: sockets, memory and rights are made from them. */
const startKeys: readonly [name: string, read: (config: Config) => unknown][] = [
  ['workers', (config) => config.workers],
  ['user', (config) => config.user],
  ['engine', (config) => config.engine],
  ['arena.bytesMax', (config) => config.arena.bytesMax],
  ['store.bytesMax', (config) => config.store.bytesMax],
  ['store.objectBytesMax', (config) => config.store.objectBytesMax],
  ['logs.directory', (config) => config.logs.directory],
  ['logs.ringBytes', (config) => config.logs.ringBytes],
  ['admin.address', (config) => config.admin?.address],
  ['admin.tokenFile', (config) => config.admin?.tokenFile],
];

/** The keys among those that differ. */
export function keysThatNeedRestart(before: Config, after: Config): string[] {
  return startKeys.filter(([, read]) => read(before) !== read(after)).map(([name]) => name);
}
