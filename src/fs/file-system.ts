/**
 * The contract of the disk. Everything above gets a `FileSystem` handed in; only the real one touches `node:fs`.
 * The opening thread uses the asynchronous half; workers, and reads that must not hop threads, use the `Sync` half.
 *
 * Durability, as POSIX has it: `datasync` makes a file's bytes and length durable; a creation, link, rename or removal of a
 * name is durable after `syncDirectory` of its directory, and not before. All failures are thrown as `StemeError`
 * `STEME_IO` with the operating system's error as `cause` (so `systemCodeOf(error)` is `ENOSPC`, `EIO`, …).
 */
export type OpenMode =
  /** Must exist. */
  | 'read'
  /** Created, or emptied if it exists; readable and writable. */
  | 'create'
  /** Must exist; readable and writable at any position; nothing is truncated. */
  | 'update'
  /**
   * Like `update`, with O_DIRECT and O_DSYNC: a write is durable when it returns; its memory, position and length must be
   * whole DIRECT_IO_BLOCK_BYTES. Throws where the file system refuses direct I/O.
   */
  | 'direct';

export interface FileHandle {
  readonly path: string;

  /** Fills `target` from `position`; returns the bytes read, fewer than asked only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  readSync(target: Uint8Array, position: number): number;

  /** Writes all of `source` at `position`, or throws. What a failed write left in the file is unknown. */
  write(source: Uint8Array, position: number): Promise<void>;
  writeSync(source: Uint8Array, position: number): void;

  /** Makes all that was written durable. A failure is final (law 7): it is never asked again. */
  datasync(): Promise<void>;
  datasyncSync(): void;

  sizeBytes(): Promise<number>;
  sizeBytesSync(): number;

  /** Sets the length. Only for files that nobody has mapped (law 3). */
  truncate(sizeBytes: number): Promise<void>;

  close(): Promise<void>;
  closeSync(): void;
}

/** A whole file in memory, read-only. Lives until its `bytes` are collected: there is no unmap. */
export interface FileMapping {
  readonly bytes: Uint8Array;
}

/** Held by one opener of a directory; vanishes with its process, however that ends. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Of the file that `probeDirect` writes: a fixed name, so that what a killed probe leaves behind is known, and the next one takes it away. */
export const DIRECT_PROBE_NAME = 'DIRECT-PROBE.tmp';

export interface FileSystem {
  /** Whether `direct` handles can work here; asked once at open by creating, writing and removing a probe file in `directory`. */
  probeDirect(directory: string): Promise<boolean>;

  open(path: string, mode: OpenMode): Promise<FileHandle>;
  openSync(path: string, mode: OpenMode): FileHandle;

  /** Whether `mapSync` maps anything here. */
  readonly canMap: boolean;
  /** Maps an immutable file (law 3), or returns undefined where mapping is not to be had: then read it. */
  mapSync(path: string): FileMapping | undefined;

  /** Bytes that may still be written below `directory`, or undefined where nobody can tell. */
  freeBytes(directory: string): Promise<number | undefined>;
  exists(path: string): Promise<boolean>;
  /** The size of the file, or undefined if there is none. */
  statBytes(path: string): Promise<number | undefined>;
  /** Names in the directory, sorted. */
  list(directory: string): Promise<string[]>;
  /** Creates the directory and its parents; no error if it exists. */
  makeDirectory(directory: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /**
   * A second name for a file: one content, that lives until its last name is removed. Refused with `EEXIST` where there is such
   * a name, with `EXDEV` on another file system, and with `EPERM`, `ENOTSUP` or `EMLINK` where links are not to be had.
   */
  link(from: string, to: string): Promise<void>;
  /** Removes a file; no error if it is gone already. */
  remove(path: string): Promise<void>;
  removeSync(path: string): void;
  /** Removes an empty directory; no error if it is gone already. */
  removeDirectory(directory: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
  syncDirectorySync(directory: string): void;

  /** Takes the directory for this opener, or throws STEME_LOCKED at once, naming the holder. Needs no writable directory. */
  lock(directory: string): Promise<DirectoryLock>;
}
