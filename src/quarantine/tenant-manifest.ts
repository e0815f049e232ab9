/**
 * What a tenant's segments hold, in `TENANT/MANIFEST`: a log with a record for each segment that is not written any more
 * (segment-summary.ts) and one for each that was removed:
 *
 *     size  type  field
 *        1  u8    2: a segment that was removed
 *        7        zero
 *        8  u64   its number
 *        8  u64   number of its last entry
 *
 * The first is a matter of speed: it can be made again from the segment. The second is durable before the segment goes, so that a
 * segment that is missing without it is known to be lost.
 */
import { join } from 'node:path';
import { readUint64 } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { syncFile } from '../fs/sync-file.js';
import type { FramePosition } from '../log/frame-writer.js';
import { LogReader, type LogRecordEvent } from '../log/log-reader.js';
import { LogWriter } from '../log/log-writer.js';
import { damageOf, positionBehind, wasDurable } from './journal-events.js';
import { TENANT_MANIFEST_NAME } from './journal-files.js';
import { decodeJournalHeader } from './journal-header.js';
import { decodeSummary, encodeSummary, MANIFEST_SEALED, type SegmentSummary } from './segment-summary.js';
import {
  encodeRemoved,
  MANIFEST_REMOVED,
  type ManifestPlace,
  manifestIdentity,
  REMOVED_BYTES,
  type RemovedSegment,
  writeManifest,
} from './write-manifest.js';

/** Removals that are written over and over when the manifest is written anew: so many are worth doing without. */
const REMOVED_COUNT_MAX = 1000;

export class TenantManifest {
  readonly #place: ManifestPlace;
  readonly #summaries = new Map<number, SegmentSummary>();
  /** The last entry of each. */
  readonly #removed = new Map<number, number>();
  /** Where the next record goes; undefined where there is no file to go on with. */
  #position: FramePosition | undefined;
  /** What kept it from being read to its end. */
  damage: CorruptionError | undefined;

  private constructor(place: ManifestPlace) {
    this.#place = place;
  }

  /** As far as it can be read: what is missing in it is made again from the segments. Errors: STEME_IO, STEME_UNSUPPORTED. */
  static async load(place: ManifestPlace): Promise<TenantManifest> {
    const manifest = new TenantManifest(place);
    const path = join(place.directory, TENANT_MANIFEST_NAME);
    if (await place.fileSystem.exists(path)) await manifest.#read(path);
    return manifest;
  }

  get summaries(): ReadonlyMap<number, SegmentSummary> {
    return this.#summaries;
  }

  isRemoved(number: number): boolean {
    return this.#removed.has(number);
  }

  /** The largest number that any segment had, as far as this knows; 0 for none. */
  get lastNumber(): number {
    return Math.max(0, ...this.#summaries.keys(), ...this.#removed.keys());
  }

  /** The largest number of an entry that was removed; 0 for none. */
  get lastRemovedEntry(): number {
    return Math.max(0, ...this.#removed.values());
  }

  /**
   * The last numbers of those that were removed, but for `excepted`, in one: none is used twice, and what is removed does not come back from
   * the intake.
   */
  lastRemoved(excepted: readonly SegmentSummary[] = []): RemovedSegment | undefined {
    const removed = new Map(this.#removed);
    for (const { number } of excepted) removed.delete(number);
    if (removed.size === 0) return undefined;
    return { number: Math.max(...removed.keys()), lastEntry: Math.max(...removed.values()) };
  }

  /** What was read of it, by somebody who was perhaps killed before it was. Errors: STEME_IO. */
  async makeDurable(): Promise<void> {
    const { fileSystem, directory } = this.#place;
    const path = join(directory, TENANT_MANIFEST_NAME);
    if (await fileSystem.exists(path)) await syncFile(fileSystem, path);
    await fileSystem.syncDirectory(directory);
  }

  /** Of a segment that is not there: where the manifest is damaged it may have been removed. */
  forget(number: number): void {
    this.#summaries.delete(number);
  }

  /** Errors: STEME_IO; then the manifest lacks it, and the next load makes it again. */
  async addSealed(summaries: readonly SegmentSummary[]): Promise<void> {
    for (const summary of summaries) this.#summaries.set(summary.number, summary);
    await this.#append(summaries.map(encodeSummary));
  }

  /** Durable when it resolves: now the files may go. Errors: STEME_IO. */
  async addRemoved(segments: readonly RemovedSegment[]): Promise<void> {
    for (const { number, lastEntry } of segments) {
      this.#summaries.delete(number);
      this.#removed.set(number, lastEntry);
    }
    await this.#append(segments.map(encodeRemoved));
  }

  async #append(records: readonly Uint8Array[]): Promise<void> {
    if (records.length === 0 && this.damage === undefined) return;
    const position = this.#position;
    if (position === undefined || this.#removed.size > REMOVED_COUNT_MAX) return this.#rewrite();
    const { fileSystem, directory } = this.#place;
    // Whatever goes wrong, the next change writes all of it anew.
    this.#position = undefined;
    const path = join(directory, TENANT_MANIFEST_NAME);
    const writer = await LogWriter.reopen(fileSystem, path, {
      identity: manifestIdentity(this.#place),
      position,
      isDurable: false,
    });
    try {
      await writer.appendAll(records.map((record) => [record]));
      await writer.sync();
      this.#position = writer.durable;
    } finally {
      await writer.close();
    }
  }

  async #rewrite(): Promise<void> {
    const lastRemoved = this.lastRemoved();
    const removed = lastRemoved === undefined ? [] : [lastRemoved];
    this.#position = await writeManifest(this.#place, { summaries: this.#summaries.values(), removed });
    this.#removed.clear();
    for (const { number, lastEntry } of removed) this.#removed.set(number, lastEntry);
    this.damage = undefined;
  }

  async #read(path: string): Promise<void> {
    const { fileSystem } = this.#place;
    const scan = { identity: manifestIdentity(this.#place) };
    const reader = await LogReader.open(fileSystem, path, scan);
    try {
      let position: FramePosition | undefined;
      for (;;) {
        const event = await reader.next();
        if (event.kind !== 'record') {
          // What is torn or damaged is written anew with the next change.
          if (event.kind === 'end') {
            if (!event.isTorn && this.damage === undefined) this.#position = position;
            return;
          }
          if (!(await wasDurable(fileSystem, path, event, scan))) return;
          this.damage ??= damageOf(path, event);
          reader.resume();
          continue;
        }
        if (event.isHeader) decodeJournalHeader(event.payload, path);
        else this.#take(event, path);
        position = positionBehind(event);
      }
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.damage = error;
    } finally {
      await reader.close();
    }
  }

  #take({ payload, offsetBytes }: LogRecordEvent, file: string): void {
    if (payload[0] === MANIFEST_SEALED) {
      const summary = decodeSummary(payload, { file, offsetBytes });
      this.#summaries.set(summary.number, summary);
      return;
    }
    if (payload[0] !== MANIFEST_REMOVED || payload.length !== REMOVED_BYTES) {
      throw new CorruptionError({ file, offsetBytes, expected: 'a known record', found: `type ${payload[0]}` });
    }
    const number = readUint64(payload, 8);
    this.#summaries.delete(number);
    this.#removed.set(number, readUint64(payload, 16));
  }
}
