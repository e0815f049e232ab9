import { join } from 'node:path';
import { LogWriter } from '../../log/log-writer.js';
import { encodeEntry } from '../../quarantine/entry-codec.js';
import { journalSegmentName, SEGMENT_TMP_SUFFIX } from '../../quarantine/journal-files.js';
import { SegmentReader } from '../../quarantine/segment-reader.js';
import { type SegmentSummary, SummaryBuilder, summedEntry } from '../../quarantine/segment-summary.js';
import { encodeSegmentHeader, type SegmentPlace, segmentIdentity } from '../../quarantine/segment-writer.js';
import { elsewhere } from '../../quarantine/tenant-segments.js';

export interface SegmentToSalvage {
  readonly number: number;
  /** Where its entries end, as the manifest has it. */
  readonly endBytes: number | undefined;
  /** Entries up to this one are in segments before it, … */
  readonly lastEntryBefore: number;
  /** … and from this one on in the next. */
  readonly endEntry: number;
  /** Numbers of the tenant's entries that are in the intake, ascending. */
  readonly inIntake: readonly number[];
}

/** Writes what can be read of a segment, its numbers kept, to a file beside it, durable but for its name; undefined if that is nothing. */
export async function salvageSegment(
  place: SegmentPlace,
  { number, endBytes, lastEntryBefore, endEntry, inIntake }: SegmentToSalvage,
  isDryRun: boolean,
): Promise<SegmentSummary | undefined> {
  const { fileSystem, directory, tenant } = place;
  const path = join(directory, journalSegmentName(number));
  const identity = segmentIdentity(place, number);
  const summary = new SummaryBuilder();
  const tornFrom = elsewhere(endEntry, inIntake);
  const reader = await SegmentReader.open(fileSystem, { path, identity, tenant, endBytes, tornFrom });
  let writer: LogWriter | undefined;
  try {
    for (let event = await reader.next(); event.kind !== 'end'; event = await reader.next()) {
      if (event.kind === 'damage') continue;
      const { entry } = event;
      if (entry.number <= lastEntryBefore || entry.number >= endEntry) continue;
      if (!isDryRun) {
        writer ??= await LogWriter.create(fileSystem, `${path}${SEGMENT_TMP_SUFFIX}`, {
          identity,
          header: encodeSegmentHeader(place, number, entry.number),
        });
        await writer.append(encodeEntry(entry));
      }
      summary.add(summedEntry(entry));
    }
    await writer?.sync();
  } finally {
    await reader.close();
    await writer?.close();
  }
  return summary.entryCount === 0 ? undefined : summary.finish(number, writer?.sizeBytes ?? 0);
}
