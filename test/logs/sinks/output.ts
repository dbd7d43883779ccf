/** Files as the destination `file` writes them, and a file system that fails when told to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Test } from 'tap';
import type { FileDestination } from '../../../src/logs/sinks/file/config.ts';
import { FileSink, type FileSystem, systemFiles } from '../../../src/logs/sinks/file/index.ts';
import { TestPorts } from './contract.ts';

/** The file system, with a say before each call: an error code makes it fail, a number makes a write short. */
export function faulty(decide: (call: string) => string | number | undefined): FileSystem {
  const failure = (code: string): NodeJS.ErrnoException =>
    Object.assign(new Error(`${code}: made up`), { code });
  const check = (call: string): number | undefined => {
    const fault = decide(call);
    if (typeof fault === 'string') throw failure(fault);
    return fault;
  };
  return {
    ...systemFiles,
    open: async (path, flags, mode) => {
      check('open');
      return await systemFiles.open(path, flags, mode);
    },
    writeSync: (fd, bytes) => systemFiles.writeSync(fd, bytes.subarray(0, check('write') ?? bytes.length)),
    ftruncate: async (fd, length) => {
      check('ftruncate');
      await systemFiles.ftruncate(fd, length);
    },
    rename: async (from, to) => {
      check('rename');
      await systemFiles.rename(from, to);
    },
  };
}

const plain = { rotate: { max_bytes: 0, max_age: 0, keep: 0 }, compression: 'none' } as const;

/** Node reads one frame; a file has many. */
function unpackFrames(bytes: Buffer): Buffer {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = bytes.indexOf(magic, at + magic.length);
    const end = next === -1 ? bytes.length : next;
    frames.push(zstdDecompressSync(bytes.subarray(at, end)));
    at = end;
  }
  return Buffer.concat(frames);
}

/** What a file of members, frames or plain lines holds. */
export function unpacked(bytes: Buffer, compression: FileDestination['compression']): string {
  if (bytes.length === 0 || compression === 'none') return bytes.toString();
  return (compression === 'gzip' ? gunzipSync(bytes) : unpackFrames(bytes)).toString();
}

export const text = (path: string): string => readFileSync(path, 'utf8');

export interface Numbered {
  /** The batches in the files, the rotated ones first. */
  all: () => string;
  files: () => string[];
}

export function filesOf(path: string): Numbered {
  const folder = dirname(path);
  const stem = basename(path).split('.')[0] ?? '';
  const files = () =>
    readdirSync(folder)
      .filter((name) => name.startsWith(stem) && name !== basename(path))
      .sort()
      .concat(existsSync(path) ? basename(path) : []);
  return {
    files,
    all: () =>
      files()
        .map((name) => text(join(folder, name)))
        .join(''),
  };
}

export function sinkAt(
  t: Test,
  path: string,
  options: Partial<FileDestination> = {},
  fileSystem: FileSystem = systemFiles,
) {
  const ports = new TestPorts();
  const sink = new FileSink({ type: 'file', path, ...plain, ...options }, ports.bound, fileSystem);
  t.teardown(() => new Promise<void>((resolve) => sink.close(resolve)));
  return { sink, ports, path };
}
