/** From a config file to what the threads work by. */
export {
  type Compiled,
  type CompiledListener,
  compile,
  type Ids,
  type NamedServer,
  noIds,
} from './compile.ts';
export { type Diagnostic, formatDiagnostics, unreadable } from './diagnostic.ts';
export { ConfigFiles } from './files.ts';
export { type Loaded, loadConfig } from './load.ts';
export type { Config } from './schema.ts';
