/** The hosts file (hosts(5)): names that are not asked for. Read again when its time or size changes. */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** Names in lower case to their addresses, in the order of the file. */
export function parseHosts(text: string): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const addresses = table.get(key) ?? [];
      if (!addresses.includes(address)) addresses.push(address);
      table.set(key, addresses);
    }
  }
  return table;
}

export class HostsFile {
  readonly #path: string;
  #stamp = '';
  #table = new Map<string, string[]>();

  constructor(path: string) {
    this.#path = path;
  }

  lookUp(name: string): readonly string[] {
    return this.#table.get(name) ?? [];
  }

  /** Reads the file if it has changed; true where it had. A file that is not there has no names. */
  refresh(): boolean {
    let stamp = '';
    let text = '';
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp) return false;
      text = readFileSync(this.#path, 'utf8');
    } catch {
      if (this.#stamp === '') return false;
      stamp = '';
    }
    this.#stamp = stamp;
    this.#table = parseHosts(text);
    return true;
  }
}
