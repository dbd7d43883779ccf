/** The account that the process runs as once its sockets are open (`user`). */
import { execFileSync } from 'node:child_process';

export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** By id(1), which asks whatever the system keeps its users in. Throws where there is no such user. */
export function findAccount(name: string): Account {
  const ask = (option: string) =>
    Number(execFileSync('id', [option, '--', name], { encoding: 'utf8', stdio: 'pipe' }));
  return { name, uid: ask('-u'), gid: ask('-g') };
}

/** From root to the account, with its groups, for all threads; there is no way back. */
export function becomeAccount({ name, uid, gid }: Account): void {
  // The types of Node leave it out.
  (process as unknown as { initgroups(user: string, group: number): void }).initgroups(name, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
