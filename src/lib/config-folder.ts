/** Where the relative paths of a config file start. */
import { dirname, resolve } from 'node:path';

/**
 * The folder of `file`. A config that comes through a descriptor (`-c <(...)`, `/dev/stdin`) has none: there it is
 * `current`, since nothing can be made beside a descriptor.
 *
 * @param current the working directory
 */
export function configFolder(file: string, current: string): string {
  const path = resolve(current, file);
  return /^\/(?:dev|proc)\//.test(path) ? current : dirname(path);
}
