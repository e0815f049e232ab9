import { join } from 'node:path';
import { tableName } from '../base/file-names.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { tombstonesSeenAt } from '../base/tombstone-skyline.js';
import type { FileSystem } from '../fs/file-system.js';
import { Memtable } from '../memtable/memtable.js';
import { TableWriter } from '../table/table-writer.js';
import type { FlushJob, JobFiles } from './job.js';
import { TurnPacer } from './turn-pacer.js';
import { createValuePlacement, type ValuePlacement } from './value-placement.js';

/**
 * Walks the memtable in order, straight from shared memory, and writes every version of it to one L0 table, and what readers can
 * tell apart of its range deletes.
 */
export async function runFlush(fileSystem: FileSystem, job: FlushJob): Promise<JobFiles> {
  const { number, settings } = job;
  const memtable = Memtable.attach(job.memtable);
  const source = memtable.iterator();
  source.seekToFirst();
  const rangeDeletes = tombstonesSeenAt(memtable.rangeDeletesAfter(0).reverse(), job.moments).fragments;
  if (!source.valid && rangeDeletes.length === 0) return { tables: [], blobs: [], readBytes: 0 };
  const path = join(settings.directory, tableName(number));
  const writer = new TableWriter({ fileSystem, path, number, ...settings });
  const placement = createValuePlacement(fileSystem, job);
  try {
    await writeEntries(writer, source, placement);
    for (const { start, end, sequences } of rangeDeletes) {
      for (const sequence of sequences) writer.addRangeTombstone(start, end, sequence);
    }
    const blobs = placement?.finish() ?? [];
    return { tables: [writer.finish()], blobs, readBytes: 0 };
  } catch (error) {
    placement?.abandon();
    writer.abandon();
    throw error;
  }
}

async function writeEntries(
  writer: TableWriter,
  source: InternalIterator,
  placement: ValuePlacement | undefined,
): Promise<void> {
  const pacer = new TurnPacer();
  for (; source.valid; source.next()) {
    const { keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd } = source;
    if (placement === undefined) {
      writer.add(keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
    } else {
      placement.place(writer, kind, valueSource, valueStart, valueEnd);
      const { placed } = placement;
      writer.add(keySource, keyStart, keyEnd, sequence, placed.kind, placed.source, placed.start, placed.end);
    }
    if (pacer.isDue(valueEnd - valueStart + keyEnd - keyStart)) await pacer.turn();
  }
}
