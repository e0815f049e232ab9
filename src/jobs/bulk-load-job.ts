import { join } from 'node:path';
import { tableName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { TableWriter } from '../table/table-writer.js';
import { BulkChunkReader } from './bulk-chunk.js';
import type { BulkLoadJob, JobFiles } from './job.js';
import { TurnPacer } from './turn-pacer.js';
import { createValuePlacement } from './value-placement.js';

/** What the manifest says in place of it: `globalSequence`, which is not known before all tables are written. */
const NO_SEQUENCE = 0;

/** Writes the entries of a chunk, which are in order, to one table. */
export async function runBulkLoad(fileSystem: FileSystem, job: BulkLoadJob): Promise<JobFiles> {
  const { chunk, settings, numbers } = job;
  const [number] = numbers;
  const path = join(settings.directory, tableName(number));
  const writer = new TableWriter({ fileSystem, path, number, ...settings });
  const placement = createValuePlacement(fileSystem, job);
  const pacer = new TurnPacer();
  const entry = new BulkChunkReader(chunk);
  const { bytes } = entry;
  try {
    while (entry.next()) {
      const { keyStart, keyEnd, valueEnd } = entry;
      if (placement === undefined) {
        writer.add(bytes, keyStart, keyEnd, NO_SEQUENCE, chunk.kind, bytes, keyEnd, valueEnd);
      } else {
        placement.place(writer, chunk.kind, bytes, keyEnd, valueEnd);
        const { kind, source, start, end } = placement.placed;
        writer.add(bytes, keyStart, keyEnd, NO_SEQUENCE, kind, source, start, end);
      }
      if (pacer.isDue(valueEnd - keyStart)) await pacer.turn();
    }
    const blobs = placement?.finish() ?? [];
    return { tables: [writer.finish()], blobs, readBytes: 0 };
  } catch (error) {
    placement?.abandon();
    writer.abandon();
    throw error;
  }
}
