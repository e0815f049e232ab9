import { expect } from 'vitest';
import type { Database, IteratorOptions } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { openForTest } from '../../src/testing.js';
import { settles } from './settles.js';

export const DIRECTORY = '/db';

/** Opens the test directory on `fileSystem`. */
export function openOn(fileSystem: FileSystem, options: Options = {}): Promise<Database> {
  return settles('the open', openForTest(fileSystem, DIRECTORY, options));
}

/** Runs `work` on an open database and closes it, whatever happens. */
export async function withDatabase<T>(
  fileSystem: FileSystem,
  options: Options,
  work: (db: Database) => Promise<T> | T,
): Promise<T> {
  const db = await openOn(fileSystem, options);
  try {
    return await work(db);
  } finally {
    await settles('the close', db.close());
  }
}

/** Keys and values of a scan as text. */
export async function entriesOf(db: Database, options: IteratorOptions = {}): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const [key, value] of db.iterator(options)) found.push([key.toString(), value.toString()]);
  return found;
}

export async function keysOf(db: Database, options: IteratorOptions = {}): Promise<string[]> {
  return (await entriesOf(db, options)).map(([key]) => key);
}

/** All that a database on `fileSystem` holds, as text. */
export function contentsOf(fileSystem: FileSystem, options: Options = {}): Promise<[string, string][]> {
  return withDatabase(fileSystem, { readOnly: true, ...options }, (db) => entriesOf(db));
}

/** Names in the test directory that end in `ending`. */
export async function filesOf(fileSystem: FileSystem, ending = ''): Promise<string[]> {
  return (await fileSystem.list(DIRECTORY)).filter((name) => name.endsWith(ending));
}

export async function readWhole(fileSystem: FileSystem, name: string): Promise<Uint8Array> {
  const handle = await fileSystem.open(`${DIRECTORY}/${name}`, 'read');
  const bytes = new Uint8Array(await handle.sizeBytes());
  await handle.read(bytes, 0);
  await handle.close();
  return bytes;
}

/** Puts a file in the test directory, in place of one of that name. */
export async function replaceFile(fileSystem: FileSystem, name: string, bytes: Uint8Array): Promise<void> {
  await fileSystem.remove(`${DIRECTORY}/${name}`);
  const handle = await fileSystem.open(`${DIRECTORY}/${name}`, 'create');
  await handle.write(bytes, 0);
  await handle.datasync();
  await handle.close();
  await fileSystem.syncDirectory(DIRECTORY);
}

export async function flipBit(fileSystem: FileSystem, name: string, offsetBytes: number, bit = 0): Promise<void> {
  const bytes = await readWhole(fileSystem, name);
  bytes[offsetBytes] ^= 1 << bit;
  await replaceFile(fileSystem, name, bytes);
}

/** Matches an error by its stable code. */
export function code(value: string): unknown {
  return expect.objectContaining({ code: value });
}
