/** A config that is in force, or might be: its text, what it says, and what the threads work by. */
import {
  type Compiled,
  type Config,
  compile,
  formatDiagnostics,
  type Ids,
  loadConfig,
} from '../config/index.ts';

export interface Configuration {
  file: string;
  text: string;
  config: Config;
  compiled: Compiled;
  ids: Ids;
}

export type Read = { ok: true; configuration: Configuration } | { ok: false; diagnostics: string };

/** Pure but for the paths that it makes absolute. */
export function readConfiguration(file: string, text: string, before: Ids, testFaults: boolean): Read {
  const loaded = loadConfig(file, text);
  if (!loaded.ok) return { ok: false, diagnostics: formatDiagnostics(loaded.faults) };
  const { compiled, ids } = compile(loaded.config, before, { testFaults });
  return { ok: true, configuration: { file, text, config: loaded.config, compiled, ids } };
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
