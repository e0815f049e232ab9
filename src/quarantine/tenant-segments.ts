/** Finds out what segments a tenant has: from its manifest, and by reading those that the manifest does not know. */
import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { syncFile } from '../fs/sync-file.js';
import { readLogHeader } from '../log/log-header.js';
import { journalFileNumbers, journalSegmentName } from './journal-files.js';
import { decodeJournalHeader, type JournalHeader } from './journal-header.js';
import { SegmentReader } from './segment-reader.js';
import { type SegmentSummary, SummaryBuilder, summedEntry } from './segment-summary.js';
import { JournalSegmentWriter, type SegmentPlace, segmentIdentity } from './segment-writer.js';
import { TenantManifest } from './tenant-manifest.js';

export interface TenantSegments {
  readonly manifest: TenantManifest;
  /** Those that are not written any more, by number. */
  readonly sealed: readonly SegmentSummary[];
  /** Of those, what the manifest does not have yet. */
  readonly unlisted: readonly SegmentSummary[];
  /** The last one, where it ends as an orderly close leaves it. */
  readonly active: JournalSegmentWriter | undefined;
  /** Files of which nothing is needed: removed ones, and those that were begun and hold no entry. */
  readonly uselessNumbers: readonly number[];
  readonly damages: readonly CorruptionError[];
  /** The largest number that a segment has had; 0 for none. */
  readonly lastNumber: number;
}

/** A segment that was read to its end. */
export interface ScannedSegment {
  readonly number: number;
  readonly header: JournalHeader | undefined;
  readonly summary: SummaryBuilder;
  readonly position: { readonly sizeBytes: number; readonly frameCount: number };
  /** Nothing stands behind its last entry. */
  readonly isClean: boolean;
  readonly damages: readonly CorruptionError[];
}

/**
 * `inIntake` has the numbers of the tenant's entries that were found in the intake, ascending: what is torn in a segment is there too.
 * Names, and segments that the manifest does not know, are made durable before they are read, unless nothing is to be written: the
 * intake lets go of what they have. Errors: STEME_IO, STEME_UNSUPPORTED; damage is no error here.
 */
export async function findTenantSegments(
  place: SegmentPlace,
  isReadOnly: boolean,
  inIntake: readonly number[],
): Promise<TenantSegments> {
  const { fileSystem, directory } = place;
  const names = (await fileSystem.exists(directory)) ? await fileSystem.list(directory) : [];
  const numbers = journalFileNumbers(names, 'segment');
  // law 1: whoever was killed while it made one of them has not seen to its name.
  if (names.length > 0 && !isReadOnly) await fileSystem.syncDirectory(directory);
  const manifest = await TenantManifest.load(place);
  const damages = manifest.damage === undefined ? [] : [manifest.damage];
  const present = new Set(numbers);
  const useless = numbers.filter((number) => manifest.isRemoved(number));
  const sealed = [...manifest.summaries.values()].filter(({ number }) => present.has(number));
  for (const number of [...manifest.summaries.keys()].filter((each) => !present.has(each))) {
    if (manifest.damage === undefined) damages.push(missing(join(directory, journalSegmentName(number))));
    else manifest.forget(number);
  }
  const unlisted: SegmentSummary[] = [];
  let active: JournalSegmentWriter | undefined;
  let nextFirstEntry = Number.POSITIVE_INFINITY;
  // From the last one backwards: what the next one has is not looked for in the one before.
  for (const number of numbers.toReversed()) {
    const known = manifest.summaries.get(number);
    if (known !== undefined) nextFirstEntry = known.firstEntry;
    if (known !== undefined || manifest.isRemoved(number)) continue;
    if (!isReadOnly) await syncFile(fileSystem, join(directory, journalSegmentName(number)));
    const isLast = number === numbers.at(-1);
    const endEntry = nextFirstEntry;
    const scanned = await scanSegment(place, number, { endEntry, tornFrom: elsewhere(endEntry, inIntake) });
    damages.push(...scanned.damages);
    nextFirstEntry = scanned.header?.firstEntry ?? nextFirstEntry;
    if (isLast && scanned.isClean && scanned.header !== undefined) active = resumed(place, scanned, scanned.header);
    else if (scanned.summary.entryCount > 0) unlisted.push(scanned.summary.finish(number, scanned.position.sizeBytes));
    else if (isVoid(scanned)) useless.push(number);
  }
  sealed.push(...unlisted);
  sealed.sort((a, b) => a.number - b.number);
  const lastNumber = Math.max(manifest.lastNumber, numbers.at(-1) ?? 0);
  return { manifest, sealed, unlisted, active, uselessNumbers: useless, damages, lastNumber };
}

/** It was begun, and then came a crash. One that has bytes and no header of ours may be somebody's. */
function isVoid({ header, isClean, damages }: ScannedSegment): boolean {
  return damages.length === 0 && (header !== undefined || isClean);
}

function resumed(place: SegmentPlace, scanned: ScannedSegment, header: JournalHeader): JournalSegmentWriter {
  const { number, summary, position } = scanned;
  return JournalSegmentWriter.resume(place, { number, summary, position, createdAtMs: header.createdAtMs });
}

/** Which entries are elsewhere too: those from `endEntry` on in the next segment, and those of `inIntake`, ascending, in the intake. */
export function elsewhere(endEntry: number, inIntake: readonly number[]): SegmentBounds['tornFrom'] {
  return (lastEntry) => Math.min(endEntry, inIntake.find((number) => number > lastEntry) ?? Number.POSITIVE_INFINITY);
}

/** What is known of a segment before it is read. */
export interface SegmentBounds {
  /** Entries from it on are in the next segment: this one failed while they were written, and they were written again. */
  readonly endEntry: number;
  /** Where its entries end, if that is known. */
  readonly endBytes?: number | undefined;
  /** The first entry behind that one which is elsewhere too, as what a crash tears away is; infinity for none. */
  readonly tornFrom: (lastEntry: number) => number;
}

/** Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function scanSegment(
  place: SegmentPlace,
  number: number,
  { endEntry, endBytes, tornFrom }: SegmentBounds,
): Promise<ScannedSegment> {
  const { fileSystem, directory, tenant } = place;
  const path = join(directory, journalSegmentName(number));
  const identity = segmentIdentity(place, number);
  const damages: CorruptionError[] = [];
  const summary = new SummaryBuilder();
  const payload = await readLogHeader(fileSystem, path, identity);
  const header = payload === undefined ? undefined : decodeJournalHeader(payload, path);
  const reader = await SegmentReader.open(fileSystem, { path, identity, tenant, endBytes, tornFrom });
  try {
    for (;;) {
      const { position } = reader;
      const event = await reader.next();
      if (event.kind === 'damage') damages.push(event.error);
      else if (event.kind === 'entry' && event.entry.number < endEntry) summary.add(summedEntry(event.entry));
      else {
        const end = event.kind === 'end' ? event.position : position;
        const fileBytes = (await fileSystem.statBytes(path)) ?? 0;
        const isClean = event.kind === 'end' && fileBytes === end.sizeBytes;
        const isTorn = tornFrom(summary.lastEntry) < Number.POSITIVE_INFINITY;
        // What a crash leaves here is of entries that are elsewhere too, and there are none.
        if (header !== undefined && endBytes === undefined && !isClean && !isTorn)
          damages.push(leftOver(path, end.sizeBytes, fileBytes));
        return { number, header, summary, position: end, isClean, damages };
      }
    }
  } finally {
    await reader.close();
  }
}

function leftOver(file: string, offsetBytes: number, fileBytes: number): CorruptionError {
  const expected = 'an entry, or the end of the file';
  return new CorruptionError({ file, offsetBytes, expected, found: `${fileBytes - offsetBytes} other bytes` });
}

function missing(file: string): CorruptionError {
  return new CorruptionError({ file, offsetBytes: 0, expected: 'a segment of the quarantine', found: 'no file' });
}
