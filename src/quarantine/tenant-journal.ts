import { join } from 'node:path';
import { assert, type CorruptionError } from '../base/errors.js';
import type { EncodedEntry } from './encoded-entry.js';
import {
  ALL_ENTRIES,
  type EntryRange,
  isCandidate,
  isGrowingCandidate,
  isWithin,
  type SegmentView,
} from './entry-range.js';
import { hashId } from './id-filter.js';
import { journalSegmentName } from './journal-files.js';
import { PendingEntries } from './pending-entries.js';
import { type EntryEvent, readEntries, readSegment } from './read-entries.js';
import type { SegmentIds } from './segment-ids.js';
import { entriesWithin, isSegmentOver, type SegmentLimits } from './segment-limits.js';
import type { SegmentSummary } from './segment-summary.js';
import { JournalSegmentWriter, type SegmentPlace } from './segment-writer.js';
import type { TenantManifest } from './tenant-manifest.js';
import { findTenantSegments } from './tenant-segments.js';
import { snapshotOf, type TenantSnapshot } from './tenant-snapshot.js';

export interface TenantJournalOptions extends SegmentPlace {
  readonly limits: SegmentLimits;
  readonly isReadOnly: boolean;
  /** Makes the directory of the tenant, its name durable. */
  readonly makeDirectory: () => Promise<void>;
  /** Shared by all tenants. */
  readonly gauges: JournalGauges;
  readonly segmentIds: SegmentIds;
  /** Whether files of segments are to stay for now, whatever is removed. */
  readonly isHeld: () => boolean;
}

export interface TenantTotals {
  /** The smallest number of an entry that is there, or could still come; larger ones only follow. */
  readonly firstEntry: number;
  /** The same, of what was removed and is held too. */
  readonly firstHeldEntry: number;
  readonly entryCount: number;
  readonly payloadBytes: number;
  readonly segmentCount: number;
}

/** What all tenants together have. */
export interface JournalGauges {
  /** Entries that are in no segment yet. */
  pendingBytes: number;
  /** How often a segment was opened for reading. */
  segmentOpens: number;
}

/** What can be said of a segment when it is to be decided whether it is needed. */
export type RemovableSegment = Pick<
  SegmentSummary,
  'firstEntry' | 'lastEntry' | 'entryCount' | 'payloadBytes' | 'appendedAtMsMax'
>;

/**
 * The entries of one tenant: in segments, and those that were just acknowledged in memory. What it has on disk is looked at when
 * it is first needed.
 */
export class TenantJournal {
  readonly tenant: string;
  readonly #options: TenantJournalOptions;
  readonly #pending = new PendingEntries();
  /** Numbers of those that the intake had when it was opened, until what is on disk has been looked at. */
  #recovered: number[] = [];
  #loading: Promise<void> | undefined;
  #manifest: TenantManifest | undefined;
  #sealed: SegmentSummary[] = [];
  #active: JournalSegmentWriter | undefined;
  #damages: readonly CorruptionError[] = [];
  #lastNumber = 0;
  /** Of the entries that are durable in segments, or were removed. */
  #lastEntry = 0;
  /** Changes are made one at a time. */
  #tail: Promise<void> = Promise.resolve();
  #changeCount = 0;
  #readerCount = 0;
  /** Removed, and read by somebody who began before (law 4), or held. */
  #doomed: number[] = [];
  /** Of these, the ones that were removed since they are held. */
  #held: SegmentSummary[] = [];

  constructor(options: TenantJournalOptions) {
    this.tenant = options.tenant;
    this.#options = options;
  }

  get hasPending(): boolean {
    return this.#pending.count > 0;
  }

  /** Whether it can be forgotten: what it has on disk is all there is, and nobody is at it. */
  get isIdle(): boolean {
    const isInUse = this.#readerCount > 0 || this.#changeCount > 0 || this.#held.length > 0;
    return !this.hasPending && !isInUse && this.#active?.isOpen !== true;
  }

  /** The largest number of an entry that is in its segments, or was; known once it was loaded. */
  get lastEntry(): number {
    return this.#lastEntry;
  }

  /** When the newest entry in its segments was appended; 0 for none. Known once it was loaded. */
  get lastAppendMs(): number {
    const active = this.#active === undefined ? [] : [this.#active.summary];
    return Math.max(0, ...[...this.#sealed, ...active].map(({ appendedAtMsMax }) => appendedAtMsMax));
  }

  /** About how much memory its look-ups take. */
  get summaryBytes(): number {
    return this.#sealed.reduce((sum, { filter }) => sum + filter.length, 0);
  }

  /** Of what it has on disk; known once it was loaded. */
  get damages(): readonly CorruptionError[] {
    return this.#damages;
  }

  /** What it has, in memory and on disk; known once it was loaded. */
  get totals(): TenantTotals {
    const active = this.#active === undefined ? [] : [this.#active.summary];
    const segments = [...this.#sealed, ...active];
    const used = segments.filter(({ entryCount }) => entryCount > 0);
    const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    const firstEntry = used.at(0)?.firstEntry ?? this.#pending.firstEntry ?? this.#lastEntry + 1;
    return {
      firstEntry,
      firstHeldEntry: Math.min(firstEntry, ...this.#held.map((summary) => summary.firstEntry)),
      entryCount: sumOf(used.map(({ entryCount }) => entryCount)) + this.#pending.count,
      payloadBytes: sumOf(used.map(({ payloadBytes }) => payloadBytes)) + this.#pending.payloadBytes,
      segmentCount: segments.length,
    };
  }

  /** An entry that was acknowledged. */
  add(encoded: EncodedEntry): void {
    this.#pending.add(encoded);
    this.#options.gauges.pendingBytes += encoded.bytes.length;
  }

  /** One that an earlier opener has left in the intake; perhaps a segment has it. Before `load`. */
  addRecovered(encoded: EncodedEntry): void {
    this.#recovered.push(encoded.number);
    this.add(encoded);
  }

  /** Errors: STEME_IO, STEME_UNSUPPORTED. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /**
   * Writes what is in memory to segments; it is durable there when this resolves. Errors: STEME_IO; what is not there yet stays in
   * memory.
   */
  settle(): Promise<void> {
    return this.#change(async () => {
      while (this.hasPending) await this.#settleSome();
    });
  }

  /** Closes the file that is written. */
  release(): Promise<void> {
    return this.#change(async () => this.#active?.release());
  }

  /** Whether there may be such an entry. No segment is opened for it. */
  async mayContain(range: EntryRange): Promise<boolean> {
    await this.load();
    if (this.#pending.entries.some((entry) => isWithin(entry, range))) return true;
    return this.#candidates(range).length > 0;
  }

  /**
   * In the order in which they were appended, as of the first call, as many at once as there are at hand. Close it: it keeps files. Errors:
   * STEME_IO, STEME_UNSUPPORTED.
   */
  async *readChunks(range: EntryRange): AsyncGenerator<readonly EntryEvent[], void> {
    this.#readerCount++;
    try {
      await this.load();
      const source = { place: this.#options, views: this.#candidates(range), pending: [...this.#pending.entries] };
      yield* readEntries(source, range, () => this.#noteOpen());
    } finally {
      await this.#endReading();
    }
  }

  /** Of the last entry of this id; `undefined` where there is none that can be read. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async lastNumberOf(id: string): Promise<number | undefined> {
    this.#readerCount++;
    try {
      await this.load();
      const pending = this.#pending.lastNumberOf(id);
      if (pending !== undefined) return pending;
      for (const view of this.#candidates({ ...ALL_ENTRIES, id }).toReversed()) {
        const path = join(this.#options.directory, journalSegmentName(view.number));
        const ids = await this.#options.segmentIds.of(path, view.endBytes, () =>
          readSegment(this.#options, view, () => this.#noteOpen()),
        );
        const number = ids.get(id);
        if (number !== undefined) return number;
      }
      return undefined;
    } finally {
      await this.#endReading();
    }
  }

  /** Removes the segments of which `isUseless` is true, the one that is written included. Durable when it resolves. Errors: STEME_IO. */
  remove(isUseless: (segment: RemovableSegment) => boolean): Promise<readonly RemovableSegment[]> {
    return this.#change(async () => {
      const active = this.#active;
      if (active !== undefined && active.summary.entryCount > 0 && isUseless(active.summary)) await this.#seal();
      const removed = this.#sealed.filter(isUseless);
      if (removed.length === 0) return [];
      await this.#loadedManifest().addRemoved(removed);
      this.#sealed = this.#sealed.filter((summary) => !removed.includes(summary));
      this.#doomed.push(...removed.map(({ number }) => number));
      if (this.#options.isHeld()) this.#held.push(...removed);
      await this.removeDoomed();
      return removed;
    });
  }

  /** What it has; what is in memory is in segments first, unless nothing is to be written. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async snapshot(): Promise<TenantSnapshot> {
    if (this.#options.isReadOnly) {
      await this.load();
      return this.#snapshotNow();
    }
    return this.#change(async () => {
      while (this.#pending.count > 0) await this.#settleSome();
      return this.#snapshotNow();
    });
  }

  /** Nothing is held any more. Errors: STEME_IO; the next load tries again. */
  releaseHeld(): Promise<void> {
    this.#held = [];
    return this.removeDoomed();
  }

  /** Removes the files that are not needed any more, as far as nobody is at them. Errors: STEME_IO; the next load tries again. */
  async removeDoomed(): Promise<void> {
    if (this.#readerCount > 0 || this.#options.isHeld()) return;
    const { fileSystem, directory } = this.#options;
    for (const number of this.#doomed.splice(0)) await fileSystem.remove(join(directory, journalSegmentName(number)));
  }

  async #load(): Promise<void> {
    const found = await findTenantSegments(this.#options, this.#options.isReadOnly, this.#recovered);
    this.#recovered = [];
    const { manifest, sealed, unlisted, active, uselessNumbers, damages, lastNumber } = found;
    this.#manifest = manifest;
    this.#sealed = [...sealed];
    this.#active = active;
    this.#damages = damages;
    this.#lastNumber = lastNumber;
    const activeLast = active?.summary.lastEntry ?? 0;
    this.#lastEntry = Math.max(manifest.lastRemovedEntry, activeLast, ...sealed.map(({ lastEntry }) => lastEntry));
    this.#dropPending(this.#lastEntry);
    if (this.#options.isReadOnly) return;
    if (uselessNumbers.length > 0) await manifest.makeDurable();
    this.#doomed.push(...uselessNumbers);
    await this.removeDoomed();
    await manifest.addSealed(unlisted);
  }

  async #endReading(): Promise<void> {
    this.#readerCount--;
    await this.removeDoomed();
  }

  /** One at a time, in the order of the calls; the next one comes whether this one fails or not. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#options.isReadOnly, 'a journal that is only read is not changed');
    this.#changeCount++;
    const result = this.#tail.then(async () => {
      await this.load();
      return work();
    });
    const done = (): void => {
      this.#changeCount--;
    };
    this.#tail = result.then(done, done);
    return result;
  }

  /** Writes as much as the segment takes. */
  async #settleSome(): Promise<void> {
    const { limits, nowMs } = this.#options;
    if (this.#active !== undefined && isSegmentOver(limits, this.#active, nowMs())) await this.#seal();
    const active = this.#active ?? (await this.#startSegment());
    const chunk = entriesWithin(limits, active, this.#pending.entries);
    try {
      await active.append(chunk);
    } catch (error) {
      // Where its durable entries end is known. What was not written goes to another segment, when there is room for one.
      await Promise.allSettled([this.#seal()]);
      throw error;
    }
    this.#lastEntry = active.summary.lastEntry;
    this.#dropPending(this.#lastEntry);
    if (isSegmentOver(limits, active, nowMs())) await this.#seal();
  }

  #dropPending(lastEntry: number): void {
    this.#options.gauges.pendingBytes -= this.#pending.dropUpTo(lastEntry);
  }

  async #startSegment(): Promise<JournalSegmentWriter> {
    if (this.#lastNumber === 0) await this.#options.makeDirectory();
    const number = ++this.#lastNumber;
    const firstEntry = this.#pending.firstEntry ?? this.#lastEntry + 1;
    this.#active = await JournalSegmentWriter.create(this.#options, number, firstEntry);
    return this.#active;
  }

  async #seal(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    if (active.summary.entryCount === 0) {
      await active.release();
      this.#doomed.push(active.number);
      await this.removeDoomed();
      return;
    }
    const summary = active.summary.finish(active.number, active.endBytes);
    this.#sealed.push(summary);
    await active.release();
    await this.#loadedManifest().addSealed([summary]);
  }

  #snapshotNow(): TenantSnapshot {
    const manifest = this.#loadedManifest();
    const { tenant } = this;
    const { directory, databaseId } = this.#options;
    return { tenant, directory, databaseId, ...snapshotOf(manifest, this.#sealed, this.#held, this.#active) };
  }

  #loadedManifest(): TenantManifest {
    assert(this.#manifest !== undefined, 'a journal is loaded before it is changed');
    return this.#manifest;
  }

  /** Segments that may hold what is sought, the oldest first. */
  #candidates(range: EntryRange): SegmentView[] {
    const idHash = range.id === undefined ? undefined : hashId(range.id);
    const found: SegmentView[] = this.#sealed.filter((summary) => isCandidate(summary, range, idHash));
    const active = this.#active;
    if (active !== undefined && isGrowingCandidate(active.summary, range, idHash)) {
      found.push({ number: active.number, endBytes: active.endBytes });
    }
    return found;
  }

  #noteOpen(): void {
    this.#options.gauges.segmentOpens++;
  }
}
