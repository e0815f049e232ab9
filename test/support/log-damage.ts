import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { JobRunner } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { DIRECTORY, filesOf, openOn } from './test-database.js';

/** Where the header of a segment ends that is not written with direct I/O: its first record starts here. */
const FIRST_RECORD_OFFSET_BYTES = 80;

/** Where the next frame of a database's first segment will stand. */
export function logEnd(db: Database): number {
  return FIRST_RECORD_OFFSET_BYTES + db.stats().wal.writtenBytes;
}

export interface OneSegmentLog {
  readonly disk: MemoryFileSystem;
  readonly name: string;
  /** Where the records start, one group each, and where the last of them ends. */
  readonly offsets: readonly number[];
}

/** The disk of a killed database whose log is one segment: acknowledged puts `a`, `b`, `c`, each a group, then a batch of `x` and `y`. */
export async function killedWithOneSegment(): Promise<OneSegmentLog> {
  const disk = new MemoryFileSystem();
  const db = await openOn(disk);
  const offsets: number[] = [];
  for (const key of ['a', 'b', 'c']) {
    offsets.push(logEnd(db));
    await db.put(key, key.toUpperCase());
  }
  offsets.push(logEnd(db));
  await db.batch([
    { type: 'put', key: 'x', value: 'X' },
    { type: 'put', key: 'y', value: 'Y' },
  ]);
  offsets.push(logEnd(db));
  const killed = disk.clone();
  await db.close();
  const [name] = await filesOf(killed, '.log');
  return { disk: killed, name, offsets };
}

/** Never comes to an end, so that sealed memtables wait and the log keeps their segments. */
const stuckRunner: JobRunner = { run: () => new Promise(() => undefined), close: async () => undefined };

/** The disk of a killed database with keys 00 to 39 and nothing flushed: a log of four segments, about ten keys in each. */
export async function killedWithFourSegments(): Promise<{ disk: MemoryFileSystem; names: string[] }> {
  const disk = new MemoryFileSystem();
  const environment = testEnvironment(disk, { createRunner: () => stuckRunner });
  const db = await openWith(DIRECTORY, { memtableBytes: 12 * 1024, walSync: 'fdatasync' }, environment);
  for (let i = 0; i < 40; i++) await db.put(String(i).padStart(2, '0'), 'v'.repeat(1000));
  const killed = disk.clone();
  const names = await filesOf(killed, '.log');
  if (names.length !== 4) throw new Error(`the log has ${names.length} segments`);
  return { disk: killed, names };
}
