/** The part of node:fs that the destination `file` uses; tests hand in one that fails. */
import fs, { type Stats } from 'node:fs';
import { promisify } from 'node:util';

export interface FileSystem {
  /** Undefined where there is nothing. */
  statSync(path: string): Stats | undefined;
  fstatSync(fd: number): Stats;
  open(path: string, flags: number, mode: number): Promise<number>;
  mkdir(path: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  truncate(path: string, length: number): Promise<void>;
  fstat(fd: number): Promise<Stats>;
  read(fd: number, into: Uint8Array, position: number): Promise<number>;
  write(fd: number, bytes: Uint8Array): Promise<number>;
  writeSync(fd: number, bytes: Uint8Array): number;
  ftruncate(fd: number, length: number): Promise<void>;
  close(fd: number): Promise<void>;
}

const open = promisify(fs.open);
const read = promisify(fs.read);
const write = promisify(fs.write);

export const systemFiles: FileSystem = {
  statSync: (path) => fs.statSync(path, { throwIfNoEntry: false }),
  fstatSync: (fd) => fs.fstatSync(fd),
  open: (path, flags, mode) => open(path, flags, mode),
  mkdir: promisify((path: string, mode: number, done: fs.NoParamCallback) => fs.mkdir(path, { mode }, done)),
  rename: promisify(fs.rename),
  unlink: promisify(fs.unlink),
  readdir: (path) => fs.promises.readdir(path),
  truncate: promisify((path: string, length: number, done: fs.NoParamCallback) =>
    fs.truncate(path, length, done),
  ),
  fstat: promisify((fd: number, done: (error: Error | null, stats: Stats) => void) => fs.fstat(fd, done)),
  read: async (fd, into, position) => (await read(fd, into, 0, into.length, position)).bytesRead,
  write: async (fd, bytes) => (await write(fd, bytes)).bytesWritten,
  writeSync: (fd, bytes) => fs.writeSync(fd, bytes),
  ftruncate: promisify((fd: number, length: number, done: fs.NoParamCallback) =>
    fs.ftruncate(fd, length, done),
  ),
  close: promisify(fs.close),
};
