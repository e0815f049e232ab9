import { join } from 'node:path';
import { tableName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { Memtable } from '../memtable/memtable.js';
import { TableWriter } from '../table/table-writer.js';
import type { FlushJob, JobFiles } from './job.js';
import { TurnPacer } from './turn-pacer.js';

/** Walks the memtable in order, straight from shared memory, and writes every version of it to one L0 table. */
export async function runFlush(fileSystem: FileSystem, job: FlushJob): Promise<JobFiles> {
  const { number, settings } = job;
  const source = Memtable.attach(job.memtable).iterator();
  source.seekToFirst();
  if (!source.valid) return { tables: [], blobs: [] };
  const path = join(settings.directory, tableName(number));
  const pacer = new TurnPacer();
  const writer = new TableWriter({ fileSystem, path, number, ...settings });
  try {
    for (; source.valid; source.next()) {
      const { keySource, valueSource } = source;
      writer.add(
        keySource,
        source.keyStart,
        source.keyEnd,
        source.sequence,
        source.kind,
        valueSource,
        source.valueStart,
        source.valueEnd,
      );
      if (pacer.isDue(source.valueEnd - source.valueStart + source.keyEnd - source.keyStart)) await pacer.turn();
    }
    return { tables: [writer.finish()], blobs: [] };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}
