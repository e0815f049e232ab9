/**
 * A directory of backups:
 *
 *     000001.backup                               the catalogue of backup 1
 *     files/000012.sst-16384-9f86d081884c7d65     a file of a database: its name there, its length, its checksum
 *     files/quarantine.acme.000001.segment-…      one of its quarantine: dots for slashes, since no part of those names but the last has a dot
 *     staging                                     while a backup is made
 *
 * Files are shared: one that is the same in ten backups is there once. A backup exists from the moment its catalogue has its name,
 * which it gets last; what a backup that was cut short leaves, the next one uses or takes away.
 */
import { join } from 'node:path';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { LOCK_NAME } from '../../base/file-names.js';
import { syncParents } from '../../engine/sync-parents.js';
import type { DirectoryLock, FileSystem } from '../../fs/file-system.js';
import { removeQuarantine } from '../../quarantine/remove-quarantine.js';
import {
  type BackupCatalogue,
  type BackupFile,
  CATALOGUE_BYTES_MAX,
  decodeCatalogue,
  encodeCatalogue,
} from './backup-catalogue.js';
import { type Content, contentOf, copyChecked, expectContent, type OnChunk } from './checked-file.js';

const FILES_NAME = 'files';
const STAGING = /^staging(?:\.steme-staged)?$/;
const CATALOGUE = /^(\d{6,})\.backup$/;
const INCOMING_NAME = 'incoming.tmp';

export class BackupStore {
  readonly directory: string;
  readonly #fileSystem: FileSystem;
  /** What is in `files`, and how those names begin, as of the lock. */
  readonly #stored = new Set<string>();
  readonly #beginnings = new Set<string>();

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.directory = directory;
  }

  /** For a checkpoint; it may be there only while the lock is held. */
  get stagingPath(): string {
    return join(this.directory, 'staging');
  }

  /** Makes the store if there is none, and takes it for changes. Errors: STEME_EXISTS where something else is, STEME_LOCKED. */
  async lock(): Promise<DirectoryLock> {
    await this.#fileSystem.makeDirectory(this.directory);
    await this.#refuseForeign();
    await this.#fileSystem.makeDirectory(join(this.directory, FILES_NAME));
    const lock = await this.#fileSystem.lock(this.directory);
    try {
      for (const name of await this.#storedNames()) this.#note(name);
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Ascending. */
  async ids(): Promise<number[]> {
    const names = await this.#fileSystem.list(this.directory);
    return names.flatMap((name) => catalogueIdOf(name) ?? []).sort((a, b) => a - b);
  }

  /** Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  async read(id: number): Promise<BackupCatalogue> {
    const file = catalogueName(id);
    const handle = await this.#fileSystem.open(join(this.directory, file), 'read');
    try {
      const bytes = await handle.sizeBytes();
      if (bytes > CATALOGUE_BYTES_MAX)
        throw new StemeError('STEME_UNSUPPORTED', `${file} is too large for a catalogue`);
      const content = new Uint8Array(bytes);
      await handle.read(content, 0);
      const catalogue = decodeCatalogue(content, file);
      if (catalogue.id === id) return catalogue;
      const found = `that of backup ${catalogue.id}`;
      throw new CorruptionError({ file, offsetBytes: 0, expected: `the catalogue of backup ${id}`, found });
    } finally {
      await handle.close();
    }
  }

  /** Puts a file of a database in the store under its name there, or finds it. Only with the lock. */
  async put(name: string, path: string, onChunk: OnChunk): Promise<BackupFile & { readonly isNew: boolean }> {
    const bytes = (await this.#fileSystem.statBytes(path)) ?? 0;
    // Only where a file of the name and length is there it may be the same one, and is worth a look before it is copied.
    if (this.#beginnings.has(beginningOf(name, bytes))) {
      const content = await contentOf(this.#fileSystem, path, onChunk);
      if (this.#stored.has(storedName({ name, ...content }))) return { name, ...content, isNew: false };
    }
    return { name, ...(await this.#takeIn(name, path, onChunk)), isNew: true };
  }

  /** From here on the backup exists. */
  async add(catalogue: BackupCatalogue): Promise<void> {
    const fileSystem = this.#fileSystem;
    await fileSystem.syncDirectory(join(this.directory, FILES_NAME));
    const path = join(this.directory, catalogueName(catalogue.id));
    const handle = await fileSystem.open(`${path}.tmp`, 'create');
    try {
      await handle.write(encodeCatalogue(catalogue), 0);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await fileSystem.rename(`${path}.tmp`, path);
    await fileSystem.syncDirectory(this.directory);
    await syncParents(fileSystem, this.directory);
  }

  async remove(id: number): Promise<void> {
    await this.#fileSystem.remove(join(this.directory, catalogueName(id)));
    await this.#fileSystem.syncDirectory(this.directory);
  }

  /** Takes away what no backup refers to. With a catalogue that cannot be read nobody knows, and everything stays. */
  async sweep(): Promise<void> {
    await this.#clearStaging();
    const needed = new Set<string>();
    for (const id of await this.ids()) for (const file of (await this.read(id)).files) needed.add(storedName(file));
    for (const name of await this.#storedNames()) {
      if (needed.has(name)) continue;
      this.#stored.delete(name);
      await this.#fileSystem.remove(this.#storedPath(name));
    }
  }

  /** Reads a file of a backup and throws CorruptionError if it is not what was put there. */
  async verify(file: BackupFile, onChunk: OnChunk): Promise<void> {
    const path = this.#storedPath(storedName(file));
    expectContent(path, await contentOf(this.#fileSystem, path, onChunk), file);
  }

  /** Copies a file of a backup; the copy is durable, and checked like `verify` does. */
  async copyOut(file: BackupFile, target: string, onChunk: OnChunk): Promise<void> {
    const path = this.#storedPath(storedName(file));
    expectContent(path, await copyChecked(this.#fileSystem, path, target, onChunk), file);
  }

  async #takeIn(name: string, path: string, onChunk: OnChunk): Promise<Content> {
    const incoming = this.#storedPath(INCOMING_NAME);
    const content = await copyChecked(this.#fileSystem, path, incoming, onChunk);
    const stored = storedName({ name, ...content });
    await this.#fileSystem.rename(incoming, this.#storedPath(stored));
    this.#note(stored);
    return content;
  }

  #note(stored: string): void {
    this.#stored.add(stored);
    this.#beginnings.add(stored.slice(0, stored.lastIndexOf('-')));
  }

  async #refuseForeign(): Promise<void> {
    const foreign = (await this.#fileSystem.list(this.directory)).find((name) => !isOurs(name));
    if (foreign === undefined) return;
    throw new StemeError('STEME_EXISTS', `${this.directory} is no directory of backups: there is ${foreign} in it`);
  }

  async #clearStaging(): Promise<void> {
    for (const name of await this.#fileSystem.list(this.directory)) {
      if (!STAGING.test(name)) continue;
      const path = join(this.directory, name);
      await removeQuarantine(this.#fileSystem, path);
      for (const file of await this.#fileSystem.list(path)) await this.#fileSystem.remove(join(path, file));
      await this.#fileSystem.removeDirectory(path);
    }
  }

  #storedNames(): Promise<string[]> {
    return this.#fileSystem.list(join(this.directory, FILES_NAME));
  }

  #storedPath(name: string): string {
    return join(this.directory, FILES_NAME, name);
  }
}

export function catalogueName(id: number): string {
  return `${String(id).padStart(6, '0')}.backup`;
}

/** Each catalogue has one name, to the letter: of two that read as one number, one would be lost. */
function catalogueIdOf(name: string): number | undefined {
  const id = Number(CATALOGUE.exec(name)?.[1]);
  return Number.isSafeInteger(id) && id > 0 && catalogueName(id) === name ? id : undefined;
}

function storedName({ name, bytes, xxh3 }: BackupFile): string {
  return `${beginningOf(name, bytes)}-${xxh3}`;
}

function beginningOf(name: string, bytes: number): string {
  return `${name.replaceAll('/', '.')}-${bytes}`;
}

function isOurs(name: string): boolean {
  return (
    name === FILES_NAME ||
    STAGING.test(name) ||
    catalogueIdOf(name.replace(/\.tmp$/, '')) !== undefined ||
    name.startsWith(LOCK_NAME)
  );
}
