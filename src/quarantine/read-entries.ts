/** The entries of a tenant from wherever they are: segments, the oldest first, and then memory. */
import { join } from 'node:path';
import type { CorruptionError } from '../base/errors.js';
import { type EncodedEntry, entryOf } from './encoded-entry.js';
import type { JournalEntry } from './entry-codec.js';
import { type EntryRange, isWithin, type SegmentView } from './entry-range.js';
import { journalSegmentName } from './journal-files.js';
import { type SegmentContentEvent, SegmentReader } from './segment-reader.js';
import { type SegmentPlace, segmentIdentity } from './segment-writer.js';

/** That a reader gets together. */
const EVENTS_AT_ONCE = 256;

export type EntryEvent =
  | { readonly kind: 'entry'; readonly entry: JournalEntry }
  | { readonly kind: 'damage'; readonly error: CorruptionError };

export interface EntrySource {
  readonly place: SegmentPlace;
  /** Segments that may hold what is sought. */
  readonly views: readonly SegmentView[];
  /** What was in memory at that moment. An entry may be in a segment as well. */
  readonly pending: readonly EncodedEntry[];
}

/** As many at once as there are at hand. `onOpen` is called for each segment. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function* readEntries(
  { place, views, pending }: EntrySource,
  range: EntryRange,
  onOpen: () => void,
): AsyncGenerator<readonly EntryEvent[], void> {
  let lastEntry = range.afterEntry;
  const isSought = (event: EntryEvent): boolean => {
    if (event.kind === 'damage') return true;
    if (event.entry.number <= lastEntry) return false;
    lastEntry = event.entry.number;
    return isWithin(event.entry, range);
  };
  for (const view of views) {
    for await (const chunk of readSegment(place, view, onOpen)) {
      const events = chunk.filter(isSought);
      if (events.length > 0) yield events;
    }
  }
  const rest = pending.filter((entry) => entry.number > lastEntry && isWithin(entry, range));
  for (let start = 0; start < rest.length; start += EVENTS_AT_ONCE) {
    const chunk = rest.slice(start, start + EVENTS_AT_ONCE);
    yield chunk.map((encoded): EntryEvent => ({ kind: 'entry', entry: entryOf(encoded) }));
  }
}

/** Of one segment, up to where it was written when the reader came. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function* readSegment(
  place: SegmentPlace,
  { number, endBytes }: SegmentView,
  onOpen: () => void,
): AsyncGenerator<readonly SegmentContentEvent[], void> {
  const { fileSystem, directory, tenant } = place;
  const path = join(directory, journalSegmentName(number));
  onOpen();
  const identity = segmentIdentity(place, number);
  const reader = await SegmentReader.open(fileSystem, { path, identity, tenant, endBytes });
  try {
    for (;;) {
      const chunk = await reader.nextChunk(EVENTS_AT_ONCE);
      if (chunk.length === 0) return;
      yield chunk;
    }
  } finally {
    await reader.close();
  }
}
