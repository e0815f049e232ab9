/**
 * A process that opens databases one after the other with real mappings, reads all of each, compacts it, and says how that went: a
 * line when it begins with one, and a line when it is done. Its one argument is a `ReadingTask` as JSON.
 */
import { truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StemeError } from '../../src/base/errors.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { openForTest } from '../../src/testing.js';

export interface ReadingTask {
  readonly directories: readonly string[];
  readonly readMode: 'mmap' | 'pread';
  readonly keys: readonly string[];
  /** A file that is emptied while the database is open and the file, if files are mapped, mapped. */
  readonly cutFile?: string;
}

export interface ReadingReport {
  readonly directory: string;
  /** Values that are as they were written: each is its key, again and again. */
  readonly right: number;
  readonly wrong: number;
  readonly damages: number;
  /** Errors of any other sort. */
  readonly others: readonly string[];
}

const STANDARD_OUTPUT = 1;
const task = JSON.parse(process.argv[2]) as ReadingTask;
for (const directory of task.directories) {
  writeSync(STANDARD_OUTPUT, `${JSON.stringify({ begins: directory })}\n`);
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(await readAll(directory))}\n`);
}

async function readAll(directory: string): Promise<ReadingReport> {
  const report = { directory, right: 0, wrong: 0, damages: 0, others: [] as string[] };
  const note = (error: unknown): void => {
    if (error instanceof StemeError && error.code === 'STEME_CORRUPTION') report.damages++;
    else report.others.push(String(error));
  };
  try {
    const caches = { blockCacheBytes: 0, rowCacheBytes: 0 };
    const options = { readMode: task.readMode, autoCompact: false, ...caches, walSync: 'fdatasync' } as const;
    await using db = await openForTest(realFileSystem, directory, options);
    const get = (key: string): void => {
      try {
        const value = db.getSync(key)?.toString();
        if (value?.startsWith(key) === true && value.replaceAll(key, '') === '') report.right++;
        else report.wrong++;
      } catch (error) {
        note(error);
      }
    };
    if (task.cutFile !== undefined) {
      get(task.keys[0]);
      truncateSync(join(directory, task.cutFile));
    }
    for (const key of task.keys) get(key);
    await db.iterator().nextv(task.keys.length).catch(note);
    await db.put('written', 'afterwards');
    await db.flush();
    await db.compact().catch(note);
  } catch (error) {
    note(error);
  }
  return report;
}
