/**
 * The one place where the state of the database changes. `apply` makes an edit durable in the manifest, and only then
 * publishes the version after it. Only the opening thread has one (law 12).
 *
 * A set that was recovered has no manifest open. Its first `apply` starts a new one with a snapshot, as does the first one
 * after the manifest has grown too large, so there is one way to switch, and a manifest that a crash has cut is never
 * appended to. Until then nothing is obsolete: what recovery read may have come out of the operating system's cache and
 * may not be durable, so no file may be deleted on its word.
 */
import { join } from 'node:path';
import { assert, CorruptionError, StemeError } from '../base/errors.js';
import { blobName, CURRENT_NAME, manifestName, parseFileName, tableName } from '../base/file-names.js';
import { MANIFEST_BYTES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { readCurrent, readManifest } from './manifest-reader.js';
import { type ManifestState, scalarMisfit, scalarsAfter } from './manifest-state.js';
import { ManifestWriter, pointCurrentAt } from './manifest-writer.js';
import { obsoleteFiles } from './obsolete-files.js';
import { TableReferences } from './table-references.js';
import { Version } from './version.js';
import { COMPARATOR_NAME, type VersionEdit } from './version-edit.js';

/** No database counts this far: a file with such a number is not ours, and must not push the counter to its end. */
const FOREIGN_NUMBER_MIN = 2 ** 48;

export interface VersionSetOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** The manifest is rolled over past this size, or past twice its snapshot if that is more. */
  readonly manifestBytesMax?: number;
}

export interface NewDatabase extends VersionSetOptions {
  /** 32 bits, drawn once. */
  readonly databaseId: number;
  /** A WAL segment that is durable already. */
  readonly logNumber: number;
  readonly nextFileNumber: number;
}

/** Files that nothing needs any more, by number. */
export interface ObsoleteNumbers {
  readonly tables: number[];
  readonly blobs: number[];
  readonly manifests: number[];
}

/** What is in use of which the version set knows nothing. */
export interface FilesInUse {
  /** WAL segments that somebody still reads or writes, though their records are in tables. */
  readonly logNumbers: ReadonlySet<number>;
  /** Outputs of jobs under way. */
  readonly pendingNumbers: ReadonlySet<number>;
}

/** A file of the version that cannot be what was written, and the error for whoever asks for it. */
export interface DamagedFile {
  readonly kind: 'table' | 'blob';
  readonly number: number;
  /** Else it is of another size. */
  readonly isMissing: boolean;
  readonly error: CorruptionError;
}

export class VersionSet {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #manifestBytesMax: number;

  #state: ManifestState;
  /** Runs ahead of the one in `#state`, which is the one made durable last. */
  #nextFileNumber: number;
  #manifest: ManifestWriter | undefined;
  /** The live manifest; during and after a switch that did not succeed, both. */
  #manifestNumbers: Set<number>;

  readonly #tables: TableReferences;
  #retiredManifests: number[] = [];

  #tail: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: VersionSetOptions, state: ManifestState, manifestNumbers: Set<number>) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.#manifestBytesMax = options.manifestBytesMax ?? MANIFEST_BYTES_MAX;
    this.#state = state;
    this.#nextFileNumber = state.nextFileNumber;
    this.#manifestNumbers = manifestNumbers;
    this.#tables = new TableReferences(state.version);
  }

  /** Whether the directory holds a database: one whose creation came to its end. */
  static exists(fileSystem: FileSystem, directory: string): Promise<boolean> {
    return fileSystem.exists(join(directory, CURRENT_NAME));
  }

  /**
   * A new database without tables, durable when the promise resolves. Throws STEME_EXISTS if there is one already, and
   * CorruptionError if there are tables but no CURRENT: that database lost its CURRENT, and is not to be built over.
   */
  static async create(options: NewDatabase): Promise<VersionSet> {
    const { fileSystem, directory, databaseId, logNumber, nextFileNumber } = options;
    if (await VersionSet.exists(fileSystem, directory)) {
      throw new StemeError('STEME_EXISTS', `there is a database in ${directory} already`);
    }
    const names = await fileSystem.list(directory);
    refuseTablesWithoutCurrent(names);
    const state: ManifestState = { databaseId, logNumber, nextFileNumber, lastSequence: 0, version: Version.empty() };
    const set = new VersionSet(options, state, new Set());
    set.#noteExistingFiles(names);
    const manifestNumber = set.allocateFileNumber();
    await set.#switchManifest(manifestNumber, { ...state, nextFileNumber: set.#nextFileNumber });
    return set;
  }

  /**
   * The state that the directory's manifest adds up to. Writes nothing, so it serves a read-only open. Throws
   * STEME_NOT_FOUND without CURRENT, CorruptionError where CURRENT, the manifest or an edit in it is missing or not as
   * written, STEME_UNSUPPORTED where a newer version wrote them. Tables are looked at by `verifyTables` only.
   */
  static async recover(options: VersionSetOptions): Promise<VersionSet> {
    const { fileSystem, directory } = options;
    const manifestNumber = await readCurrent(fileSystem, directory);
    const state = await readManifest(fileSystem, directory, manifestNumber);
    return VersionSet.of(options, state, manifestNumber);
  }

  /** Of a state that manifest `manifestNumber` adds up to, as the caller has found. */
  static async of(options: VersionSetOptions, state: ManifestState, manifestNumber: number): Promise<VersionSet> {
    const set = new VersionSet(options, state, new Set([manifestNumber]));
    set.#noteExistingFiles(await options.fileSystem.list(options.directory));
    return set;
  }

  /**
   * Makes durable what `recover` has read: after a killed process it may be in the operating system's cache alone, and nobody may
   * see it before it is safe (law 2). Files that the manifest names were durable before it named them.
   */
  async syncRecovered(): Promise<void> {
    for (const number of this.#manifestNumbers) {
      const handle = await this.#fileSystem.open(join(this.#directory, manifestName(number)), 'update');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    }
    await this.#fileSystem.syncDirectory(this.#directory);
  }

  get current(): Version {
    return this.#state.version;
  }

  get databaseId(): number {
    return this.#state.databaseId;
  }

  /** The oldest WAL segment whose records are not all in tables. */
  get logNumber(): number {
    return this.#state.logNumber;
  }

  /** The largest sequence number known to be in a table. */
  get lastSequence(): number {
    return this.#state.lastSequence;
  }

  /** A number for a new file of any kind, never given out before. */
  allocateFileNumber(): number {
    return this.#nextFileNumber++;
  }

  /** The next number allocated will be `atLeast` or more. */
  raiseFileNumber(atLeast: number): void {
    this.#nextFileNumber = Math.max(this.#nextFileNumber, atLeast);
  }

  /**
   * Makes `edit` durable, then publishes the version after it as `current`, and resolves to it. Edits are taken one at a
   * time, in the order of the calls. If the disk fails, the call rejects with its error, `current` stays, and all later
   * calls reject with STEME_BACKGROUND and that error as cause (law 7), until `resume`. Rejects with STEME_CLOSED after `close`.
   * `publish` is called with the version in the step in which it becomes current, so that whoever shows versions to readers
   * never goes back to an older one, however the promises of two edits come to be handled.
   */
  async apply(edit: VersionEdit, publish?: (version: Version) => void): Promise<Version> {
    if (this.#closing !== undefined) throw new StemeError('STEME_CLOSED', 'the version set is closed');
    this.#tables.begin(edit);
    // The tail keeps the order; the error goes to this call's caller and, as the sticky failure, to those after it.
    return this.#inTurn(() => this.#applyNow(edit, publish));
  }

  /** What an edit has failed with; later ones are refused until `resume`. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /**
   * Goes on after an edit that found no room: a new manifest holds what is published, and nothing of that edit, whatever the old one
   * may hold of it. So everything is as if the edit had never been made. Errors: STEME_IO, and all stays refused.
   */
  async resume(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#failure === undefined) return;
      const number = this.allocateFileNumber();
      try {
        await this.#switchManifest(number, { ...this.#state, nextFileNumber: this.#nextFileNumber });
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
      this.#failure = undefined;
      this.#tables.abandonFailed();
    });
  }

  /** Tables that must not be deleted (law 4): of every referenced version, and of edits whose outcome is open. */
  liveTableNumbers(): Set<number> {
    return this.#tables.liveNumbers();
  }

  /**
   * Hands over what has become obsolete since the last call, each number once; the caller deletes the files. Ask after an
   * `apply` and after a `release` that was a version's last.
   */
  takeObsolete(): ObsoleteNumbers {
    if (!this.#mayDelete) return { tables: [], blobs: [], manifests: [] };
    const tables = this.#tables.takeRetired();
    const blobs = this.#tables.takeRetiredBlobs();
    const manifests = this.#retiredManifests;
    this.#retiredManifests = [];
    return { tables, blobs, manifests };
  }

  /** Which of `names`, the listing of the directory, may be removed: the sweep after recovery. None before the first `apply`. */
  obsoleteFileNames(names: readonly string[], inUse: FilesInUse): string[] {
    if (!this.#mayDelete) return [];
    const tableNumbers = this.liveTableNumbers();
    const { logNumber } = this.#state;
    return obsoleteFiles(names, { ...inUse, tableNumbers, manifestNumbers: this.#manifestNumbers, logNumber });
  }

  /** Checks that each table and blob file of `current` is there with its recorded size; throws CorruptionError for the first that is not. */
  async verifyTables(): Promise<void> {
    for await (const { error } of this.damagedFiles()) throw error;
  }

  /** The tables and blob files of `current` that are not there with their recorded size. */
  async *damagedFiles(): AsyncGenerator<DamagedFile> {
    for (const { number, fileBytes } of this.current.tables()) {
      const damage = await this.#sizeDamage('a table', tableName(number), fileBytes);
      if (damage !== undefined) yield { kind: 'table', number, ...damage };
    }
    for (const { number, fileBytes } of this.current.blobs.values()) {
      const damage = await this.#sizeDamage('a blob file', blobName(number), fileBytes);
      if (damage !== undefined) yield { kind: 'blob', number, ...damage };
    }
  }

  async #sizeDamage(
    what: string,
    file: string,
    fileBytes: number,
  ): Promise<Pick<DamagedFile, 'isMissing' | 'error'> | undefined> {
    const foundBytes = await this.#fileSystem.statBytes(join(this.#directory, file));
    if (foundBytes === fileBytes) return undefined;
    const isMissing = foundBytes === undefined;
    const found = isMissing ? 'no file' : `${foundBytes} bytes`;
    const expected = `${what} of ${fileBytes} bytes`;
    return { isMissing, error: new CorruptionError({ file, offsetBytes: 0, expected, found }) };
  }

  /** Waits for the edits under way and closes the manifest. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#tail.then(() => this.#manifest?.close());
    return this.#closing;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = Promise.allSettled([turn]);
    return turn;
  }

  async #applyNow(edit: VersionEdit, publish: ((version: Version) => void) | undefined): Promise<Version> {
    if (this.#failure !== undefined) {
      this.#tables.fail(edit);
      const message = 'an earlier change of the manifest failed: reopen the database';
      throw new StemeError('STEME_BACKGROUND', message, { cause: this.#failure.error });
    }
    const newManifestNumber = this.#isManifestFull() ? this.allocateFileNumber() : undefined;
    const next = this.#stateAfter(edit);
    try {
      if (newManifestNumber !== undefined) await this.#switchManifest(newManifestNumber, next);
      else await this.#manifest?.append({ ...edit, nextFileNumber: next.nextFileNumber });
    } catch (error) {
      this.#failure = { error };
      this.#tables.fail(edit);
      throw error;
    }
    const former = this.#state.version;
    this.#state = next;
    this.#tables.settle(edit, former, next.version);
    publish?.(next.version);
    return next.version;
  }

  #isManifestFull(): boolean {
    if (this.#manifest === undefined) return true;
    const { sizeBytes, snapshotBytes } = this.#manifest;
    // A snapshot larger than the limit must not be written again for every edit.
    return sizeBytes > Math.max(this.#manifestBytesMax, 2 * snapshotBytes);
  }

  #stateAfter(edit: VersionEdit): ManifestState {
    const misfit = scalarMisfit(this.#state, edit);
    assert(misfit === undefined, `a version edit fits its version: ${misfit}`);
    assert((edit.comparatorName ?? COMPARATOR_NAME) === COMPARATOR_NAME, 'a database keeps its comparator');
    this.raiseFileNumber(edit.nextFileNumber ?? 0);
    for (const { table } of edit.addedTables) {
      assert(table.number < this.#nextFileNumber, `the number of table ${table.number} was allocated`);
    }
    for (const { number } of edit.addedBlobs ?? []) {
      assert(number < this.#nextFileNumber, `the number of blob file ${number} was allocated`);
    }
    const version = this.#state.version.apply(edit);
    return { ...scalarsAfter(this.#state, edit), nextFileNumber: this.#nextFileNumber, version };
  }

  /** A new manifest with `state` as its snapshot, then CURRENT on it. If that fails, both stay: CURRENT may name either. */
  async #switchManifest(manifestNumber: number, state: ManifestState): Promise<void> {
    this.#manifestNumbers.add(manifestNumber);
    const manifest = await ManifestWriter.create(this.#fileSystem, this.#directory, manifestNumber, state);
    try {
      await pointCurrentAt(this.#fileSystem, this.#directory, manifestNumber);
    } catch (error) {
      // The first failure is the one to report.
      await Promise.allSettled([manifest.close()]);
      throw error;
    }
    const former = this.#manifest;
    this.#manifest = manifest;
    await former?.close();
    for (const number of this.#manifestNumbers) if (number !== manifestNumber) this.#retiredManifests.push(number);
    this.#manifestNumbers = new Set([manifestNumber]);
  }

  /** Only on the word of a manifest that this set has made durable, and not when its outcome is open. */
  get #mayDelete(): boolean {
    return this.#manifest !== undefined && this.#failure === undefined;
  }

  /** Numbers of files that a crash left behind are not used again, and its manifests are obsolete. */
  #noteExistingFiles(names: readonly string[]): void {
    for (const name of names) {
      const file = parseFileName(name);
      if (file === undefined || !('number' in file) || file.number >= FOREIGN_NUMBER_MIN) continue;
      this.raiseFileNumber(file.number + 1);
      if (file.kind === 'manifest' && !this.#manifestNumbers.has(file.number)) this.#retiredManifests.push(file.number);
    }
  }
}

function refuseTablesWithoutCurrent(names: readonly string[]): void {
  const table = names.find((name) => parseFileName(name)?.kind === 'table');
  if (table === undefined) return;
  const expected = `the name of the live manifest, as there is ${table}`;
  throw new CorruptionError({ file: CURRENT_NAME, offsetBytes: 0, expected, found: 'no file' });
}
