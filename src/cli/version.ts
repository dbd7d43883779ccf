/** `parapet version`: what runs, for a bug report. */
import { addonPath, loadBinding } from '../engine/native/binding.ts';
import { packageVersion } from '../lib/package.ts';

function addon(): string {
  try {
    return `${loadBinding().version()} (${addonPath()})`;
  } catch (error) {
    return `cannot be loaded: ${(error as Error).message}`;
  }
}

export function version(): number {
  const { node, openssl, v8 } = process.versions;
  const lines = [
    `parapet ${packageVersion()}`,
    `native engine ${addon()}`,
    `node ${node}, openssl ${openssl}, v8 ${v8}`,
    `${process.platform} ${process.arch}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
