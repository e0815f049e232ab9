import { join } from 'node:path';
import { CorruptionError, StemeError } from '../base/errors.js';
import { CURRENT_NAME, manifestName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { findDurableMark } from '../log/durable-mark-search.js';
import { type LogDamageEvent, LogReader, type LogRecordEvent } from '../log/log-reader.js';
import { NO_BLOBS } from './blobs.js';
import { CURRENT_BYTES_MAX, decodeCurrent } from './current-file.js';
import { EMPTY_LEVELS, LevelsBuilder } from './levels-builder.js';
import { decodeManifestHeader, manifestIdentity } from './manifest-header.js';
import {
  type ManifestScalars,
  type ManifestState,
  scalarMisfit,
  scalarsAfter,
  unallocatedFile,
} from './manifest-state.js';
import { Version } from './version.js';
import { COMPARATOR_NAME, type VersionEdit } from './version-edit.js';
import { decodeVersionEdit } from './version-edit-decoder.js';

/** The number of the live manifest. Throws STEME_NOT_FOUND without CURRENT, CorruptionError if it is not what was written. */
export async function readCurrent(fileSystem: FileSystem, directory: string): Promise<number> {
  const path = join(directory, CURRENT_NAME);
  const sizeBytes = await fileSystem.statBytes(path);
  if (sizeBytes === undefined) throw new StemeError('STEME_NOT_FOUND', `there is no database in ${directory}`);
  if (sizeBytes > CURRENT_BYTES_MAX) {
    const expected = `at most ${CURRENT_BYTES_MAX} bytes`;
    throw new CorruptionError({ file: CURRENT_NAME, offsetBytes: 0, expected, found: `${sizeBytes} bytes` });
  }
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(sizeBytes);
    return decodeCurrent(bytes.subarray(0, await file.read(bytes, 0)));
  } finally {
    await file.close();
  }
}

/**
 * The state that manifest `manifestNumber`, which CURRENT names, adds up to. Writes nothing. A torn tail is dropped: no
 * edit in it was acted on. Everything else that is not as written is a CorruptionError (law 6); a header, a comparator or
 * a field of a newer version is STEME_UNSUPPORTED.
 */
export async function readManifest(
  fileSystem: FileSystem,
  directory: string,
  manifestNumber: number,
): Promise<ManifestState> {
  const name = manifestName(manifestNumber);
  const path = join(directory, name);
  if (!(await fileSystem.exists(path))) {
    throw new CorruptionError({
      file: name,
      offsetBytes: 0,
      expected: `the manifest that ${CURRENT_NAME} names`,
      found: 'no file',
    });
  }
  const log = await LogReader.open(fileSystem, path, { identity: manifestIdentity(manifestNumber) });
  try {
    return await new ManifestReplay(fileSystem, path, manifestNumber, log).run();
  } finally {
    await log.close();
  }
}

const WHOLE_SNAPSHOT = 'a snapshot with all its fields';
const FITTING_EDIT = 'an edit that fits the ones before it';

class ManifestReplay {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #file: string;
  readonly #manifestNumber: number;
  readonly #log: LogReader;
  readonly #levels: LevelsBuilder;
  #offsetBytes = 0;

  constructor(fileSystem: FileSystem, path: string, manifestNumber: number, log: LogReader) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#file = manifestName(manifestNumber);
    this.#manifestNumber = manifestNumber;
    this.#log = log;
    this.#levels = new LevelsBuilder(EMPTY_LEVELS, NO_BLOBS, (problem) => this.#fail(FITTING_EDIT, problem));
  }

  async run(): Promise<ManifestState> {
    const databaseId = this.#readHeader(await this.#nextRecord());
    let scalars = this.#applySnapshot(databaseId, await this.#nextRecord());
    for (;;) {
      const record = await this.#nextRecord();
      if (record === undefined) break;
      scalars = this.#applyEdit(scalars, record);
    }
    const { levels, blobs } = this.#levels.finish();
    return { ...scalars, version: new Version(levels, blobs) };
  }

  /** The next whole record, or undefined at the end of what was made durable. */
  async #nextRecord(): Promise<LogRecordEvent | undefined> {
    const event = await this.#log.next();
    this.#offsetBytes = event.kind === 'end' ? event.endBytes : event.offsetBytes;
    if (event.kind === 'record') return event;
    if (event.kind === 'damage') await this.#refuseIfDurable(event);
    return undefined;
  }

  /**
   * A frame carries how many frames were durable before it. If a later one covers the lost ones, their edit had been
   * acted on: damage. If none does, they are left over from one unfinished append: a torn tail (law 6).
   */
  async #refuseIfDurable({ lostOrdinal, expected, found, nextIntact }: LogDamageEvent): Promise<void> {
    const proof = await findDurableMark(this.#fileSystem, this.#path, {
      identity: manifestIdentity(this.#manifestNumber),
      fromBytes: nextIntact.offsetBytes,
      ordinalMin: lostOrdinal,
      markAbove: lostOrdinal,
    });
    if (proof !== undefined) this.#fail(expected, `${found}, before an intact frame at byte ${proof.offsetBytes}`);
  }

  #readHeader(record: LogRecordEvent | undefined): number {
    // CURRENT names a manifest only after its header and its snapshot are durable: there is no torn one.
    if (record === undefined || !record.isHeader) this.#fail('the header frame of a manifest', 'none that is whole');
    const header = decodeManifestHeader(record.payload, this.#file);
    if (header.manifestNumber !== this.#manifestNumber) {
      this.#fail(`the header of manifest ${this.#manifestNumber}`, `that of ${header.manifestNumber}`);
    }
    return header.databaseId;
  }

  #applySnapshot(databaseId: number, record: LogRecordEvent | undefined): ManifestScalars {
    if (record === undefined) this.#fail('a snapshot of the state', 'no whole record');
    const edit = this.#decode(record);
    if (edit.isSnapshot !== true) this.#fail('a snapshot as the first edit', 'another edit');
    const { comparatorName, logNumber, nextFileNumber, lastSequence } = edit;
    if (edit.databaseId !== databaseId) this.#fail(`database ${databaseId}, as in the header`, `${edit.databaseId}`);
    if (comparatorName === undefined) this.#fail(WHOLE_SNAPSHOT, 'no comparator');
    if (logNumber === undefined) this.#fail(WHOLE_SNAPSHOT, 'no log number');
    if (nextFileNumber === undefined) this.#fail(WHOLE_SNAPSHOT, 'no next file number');
    if (lastSequence === undefined) this.#fail(WHOLE_SNAPSHOT, 'no last sequence');
    this.#applyFiles(edit, nextFileNumber);
    return { databaseId, logNumber, nextFileNumber, lastSequence };
  }

  #applyEdit(before: ManifestScalars, record: LogRecordEvent): ManifestScalars {
    const edit = this.#decode(record);
    const misfit = scalarMisfit(before, edit);
    if (misfit !== undefined) this.#fail(FITTING_EDIT, misfit);
    const after = scalarsAfter(before, edit);
    this.#applyFiles(edit, after.nextFileNumber);
    return after;
  }

  #applyFiles(edit: VersionEdit, nextFileNumber: number): void {
    const file = unallocatedFile(edit, nextFileNumber);
    if (file !== undefined) this.#fail(`file numbers below ${nextFileNumber}, the next one`, file);
    this.#levels.apply(edit);
  }

  #decode(record: LogRecordEvent): VersionEdit {
    if (record.isHeader) this.#fail('an edit', 'a second header frame');
    const edit = decodeVersionEdit(record.payload, { file: this.#file, offsetBytes: record.offsetBytes });
    if (edit.comparatorName !== undefined && edit.comparatorName !== COMPARATOR_NAME) {
      throw new StemeError(
        'STEME_UNSUPPORTED',
        `${this.#file} orders keys by '${edit.comparatorName}', this version by '${COMPARATOR_NAME}' only`,
      );
    }
    return edit;
  }

  #fail(expected: string, found: string): never {
    throw new CorruptionError({ file: this.#file, offsetBytes: this.#offsetBytes, expected, found });
  }
}
