import fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * The calls of `node:fs` as promises over numeric descriptors: FileHandle objects cost more per call, and close behind
 * one's back when collected.
 */
export const openFile = promisify(fs.open);
export const closeFile = promisify(fs.close);
export const syncFile = promisify(fs.fsync);
export const datasyncFile = promisify(fs.fdatasync);
export const truncateFile = promisify(fs.ftruncate);

/** One call never asks for more: the kernel caps a transfer just below 2 GiB, and a whole GiB keeps direct I/O aligned. */
export const CALL_BYTES_MAX = 2 ** 30;

/** One read of `target[start, start + length)`; may be short. */
export function readFile(fd: number, target: Uint8Array, start: number, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, start, length, at, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

/** One write of `source[start, start + length)`; may be short. */
export function writeFile(fd: number, source: Uint8Array, start: number, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, source, start, length, at, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

export function fileSize(fd: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.fstat(fd, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
  });
}
