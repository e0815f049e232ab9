/**
 * Reads a database that nobody has open and says what is not as it was written: every checksum, every order of keys, every
 * reference. Writes nothing. What recovery would do is not decided here: a torn tail of the log is no damage, as it decides.
 *
 *   1. CURRENT and the manifest    every edit; what its tables add up to
 *   2. log                         as a replay, and past each bad place
 *   3. blob files                  there, with their size
 *   4. tables                      in workers: every block, entry and reference, and what the manifest says of them
 *   5. quarantine                  the intake; every manifest, segment and entry
 *   6. what nothing refers to      notes, not damage
 */
import { join, resolve } from 'node:path';
import { StemeError } from '../../base/errors.js';
import { logName } from '../../base/file-names.js';
import { WORKER_THREADS_MAX } from '../../base/limits.js';
import type { FileSystem } from '../../fs/file-system.js';
import { JobControl } from '../../jobs/job-control.js';
import type { Environment } from '../environment.js';
import { resolveOptions } from '../options.js';
import { numbersOfKind } from '../recovery.js';
import { checkLog } from './check-log.js';
import { type CheckedManifest, checkManifest } from './check-manifest.js';
import { checkQuarantine, quarantineBytes } from './check-quarantine.js';
import { checkBlobFiles, checkTables, type TableToCheck, tablesInDirectory, tablesOfVersion } from './check-tables.js';
import { leftoversOf } from './leftovers.js';
import { VerifyFindings, type VerifyReport } from './verify-report.js';

export interface VerifyOptions {
  /** Ends the verification with STEME_ABORTED. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
  /** Worker threads, 1 to 16. Default: one a core. */
  readonly threads?: number;
  /** Default `'pread'`, which reads ahead in large pieces. */
  readonly readMode?: 'mmap' | 'pread';
}

export type VerifyEnvironment = Pick<Environment, 'fileSystem' | 'clock' | 'coreCount' | 'createRunner'>;

/** `verify` with the outside world handed in. */
export async function verifyWith(
  directory: string,
  options: VerifyOptions,
  environment: VerifyEnvironment,
): Promise<VerifyReport> {
  const path = resolve(directory);
  const threads = options.threads ?? Math.min(environment.coreCount, WORKER_THREADS_MAX);
  // Refuses what `open` would refuse of the same names.
  const { readMode } = resolveOptions({ threads, readMode: options.readMode ?? 'pread' }, environment.coreCount);
  const { fileSystem } = environment;
  if (!(await fileSystem.exists(path))) throw notFound(path);
  const lock = await fileSystem.lock(path);
  try {
    return await new Verification(path, { ...options, threads, readMode }, environment).run();
  } finally {
    await lock.release();
  }
}

class Verification {
  readonly #directory: string;
  readonly #options: VerifyOptions & Required<Pick<VerifyOptions, 'threads' | 'readMode'>>;
  readonly #environment: VerifyEnvironment;
  readonly #fileSystem: FileSystem;
  readonly #findings = new VerifyFindings();
  #bytes = 0;
  #totalBytes = 0;

  constructor(
    directory: string,
    options: VerifyOptions & Required<Pick<VerifyOptions, 'threads' | 'readMode'>>,
    environment: VerifyEnvironment,
  ) {
    this.#directory = directory;
    this.#options = options;
    this.#environment = environment;
    this.#fileSystem = environment.fileSystem;
  }

  async run(): Promise<VerifyReport> {
    const { clock } = this.#environment;
    const startedAtMs = clock.monotonicMs();
    this.#throwIfAborted();
    const fileSystem = this.#fileSystem;
    const directory = this.#directory;
    const findings = this.#findings;
    const manifest = await checkManifest(fileSystem, directory, findings);
    const version = manifest?.state.version;
    const tables = version === undefined ? await tablesInDirectory(fileSystem, directory) : tablesOfVersion(version);
    const logBytes = await this.#logBytes();
    const blobs = [...(version?.blobs.values() ?? [])];
    this.#totalBytes =
      logBytes + sumOfBytes(tables) + sumOfBytes(blobs) + (await quarantineBytes(fileSystem, directory));
    const throwIfAborted = (): void => this.#throwIfAborted();
    const logNumbers = await checkLog(manifest?.state, { fileSystem, directory, findings, throwIfAborted });
    this.#noteRead(logBytes);
    await this.#checkTables(tables, blobs);
    const databaseId = manifest?.state.databaseId;
    const onRead = (bytes: number): void => this.#noteRead(bytes);
    await checkQuarantine({ fileSystem, directory, databaseId, findings, onRead, throwIfAborted });
    if (manifest !== undefined) await this.#noteLeftovers(manifest, logNumbers);
    return findings.report(directory, clock.monotonicMs() - startedAtMs);
  }

  async #checkTables(tables: readonly TableToCheck[], blobs: Parameters<typeof checkBlobFiles>[0]): Promise<void> {
    const { coreCount, createRunner } = this.#environment;
    const { threads, readMode, signal } = this.#options;
    const files = { fileSystem: this.#fileSystem, directory: this.#directory, findings: this.#findings };
    const missingBlobs = await checkBlobFiles(blobs, files);
    // A runner keeps one thread for flushes, of which there are none here.
    const runner = createRunner({ ...resolveOptions({}, coreCount), threads: threads + 1 });
    const control = new JobControl();
    const stop = (): void => control.stop();
    signal?.addEventListener('abort', stop);
    try {
      await checkTables(tables, {
        ...files,
        runner,
        threads,
        readMode,
        control: control.word,
        missingBlobs,
        onRead: (bytes) => this.#noteRead(bytes),
        throwIfAborted: () => this.#throwIfAborted(),
      });
    } finally {
      signal?.removeEventListener('abort', stop);
      await runner.close();
    }
  }

  async #noteLeftovers({ number, state }: CheckedManifest, logNumbers: ReadonlySet<number>): Promise<void> {
    const own = {
      manifestNumber: number,
      tableNumbers: new Set(state.version.tables().map((table) => table.number)),
      blobNumbers: new Set(state.version.blobs.keys()),
      logNumbers,
    };
    const names = await this.#fileSystem.list(this.#directory);
    for (const note of leftoversOf(names, own)) this.#findings.note(note);
  }

  async #logBytes(): Promise<number> {
    let bytes = 0;
    for (const number of numbersOfKind(await this.#fileSystem.list(this.#directory), 'log')) {
      bytes += (await this.#fileSystem.statBytes(join(this.#directory, logName(number)))) ?? 0;
    }
    return bytes;
  }

  #noteRead(bytes: number): void {
    this.#bytes = Math.min(this.#totalBytes, this.#bytes + bytes);
    this.#options.onProgress?.({ bytes: this.#bytes, totalBytes: this.#totalBytes });
  }

  #throwIfAborted(): void {
    const { signal } = this.#options;
    if (signal?.aborted !== true) return;
    throw new StemeError('STEME_ABORTED', 'the verification was aborted by its signal', { cause: signal.reason });
  }
}

function sumOfBytes(files: readonly { readonly fileBytes: number }[]): number {
  return files.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
}

function notFound(directory: string): StemeError {
  return new StemeError('STEME_NOT_FOUND', `there is no database in ${directory}; check the path`);
}
