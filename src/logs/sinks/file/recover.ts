/**
 * Brings the file to where the job's cursor knows it: bytes behind the mark are of batches that were not acknowledged,
 * and that come again. Where that cannot be done, it is told, and lines may be repeated; none is lost.
 */
import { dirname, join } from 'node:path';
import type { Compression } from '../compress.ts';
import type { SinkPorts } from '../sink.ts';
import type { FileSystem } from './file-system.ts';
import { identityOf, isSameFile, type Mark, rotatedNames } from './request.ts';
import { setAside } from './rotate.ts';
import type { OutputFile } from './send.ts';

export interface RecoverPorts extends SinkPorts {
  fs: FileSystem;
  compression: Compression;
}

/** Opens the file. `mark`: null where no batch of this job was ever accepted. */
export async function recover(file: OutputFile, mark: Mark | null, ports: RecoverPorts): Promise<void> {
  const { path } = file;
  if (mark === null) {
    await openUnknown(file, ports);
    return;
  }
  const stats = ports.fs.statSync(path);
  if (stats !== undefined && !stats.isFile()) {
    await file.open();
    return;
  }
  if (stats !== undefined && isSameFile(identityOf(stats), mark)) {
    await goOn(file, mark, ports);
    return;
  }
  const rotated = await findRotated(path, mark, ports.fs);
  if (rotated !== undefined) {
    await takeBack(rotated, mark.length, ports);
    await file.open();
    // It was begun after the rotation, so nothing in it has been acknowledged.
    if (file.length > 0) await cut(file, 0, ports);
    return;
  }
  const what = stats === undefined ? 'is gone' : 'is another file now';
  ports.tell('info', `${path} ${what}: records go on in ${stats === undefined ? 'a new one' : 'it'}`);
  await openUnknown(file, ports);
}

async function goOn(file: OutputFile, mark: Mark, ports: RecoverPorts): Promise<void> {
  await file.open();
  if (file.length > mark.length) {
    await cut(file, mark.length, ports);
  } else if (file.length < mark.length) {
    const missing = mark.length - file.length;
    ports.tell('error', `${file.path} is ${missing} bytes shorter than what was delivered to it`);
    await makeWhole(file, ports);
  }
}

async function cut(file: OutputFile, length: number, ports: RecoverPorts): Promise<void> {
  const bytes = file.length - length;
  await file.cutTo(length);
  ports.tell('info', `${bytes} bytes at the end of ${file.path} were not acknowledged, and are cut off`);
}

async function takeBack(path: string, length: number, { fs, tell }: RecoverPorts): Promise<void> {
  const size = fs.statSync(path)?.size ?? 0;
  if (size <= length) return;
  await fs.truncate(path, length);
  tell('info', `${size - length} bytes at the end of ${path} were not acknowledged, and are cut off`);
}

async function findRotated(path: string, mark: Mark, fs: FileSystem): Promise<string | undefined> {
  const folder = dirname(path);
  let names: string[];
  try {
    names = await fs.readdir(folder);
  } catch {
    return undefined;
  }
  // The latest first: it is one of the last two, as a rule.
  for (const name of rotatedNames(path, names).toReversed()) {
    const rotated = join(folder, name);
    const stats = fs.statSync(rotated);
    if (stats !== undefined && isSameFile(identityOf(stats), mark)) return rotated;
  }
  return undefined;
}

/** Opens a file of which nothing is known. */
async function openUnknown(file: OutputFile, ports: RecoverPorts): Promise<void> {
  await file.open();
  await makeWhole(file, ports);
}

/** Nobody can see whether the last member of a compressed file is whole, so that one is left as it is. */
export async function makeWhole(file: OutputFile, ports: RecoverPorts): Promise<void> {
  if (ports.compression === 'none') await file.repairEnd();
  else if (file.isRegular && file.length > 0) await setAside(file, ports);
}
