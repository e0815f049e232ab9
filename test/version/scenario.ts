import type { FileSystem } from '../../src/fs/file-system.js';
import type { VersionEdit } from '../../src/version/version-edit.js';
import { VersionSet } from '../../src/version/version-set.js';
import { added, edit, numbersOf, table } from './tables.js';

export const DIRECTORY = '/db';
/** So small that the manifest is rolled over every few edits. */
export const SMALL_MANIFEST_BYTES = 300;

export function createSet(fileSystem: FileSystem, manifestBytesMax?: number): Promise<VersionSet> {
  return VersionSet.create({
    fileSystem,
    directory: DIRECTORY,
    databaseId: 0xfeedf00d,
    logNumber: 1,
    nextFileNumber: 2,
    manifestBytesMax,
  });
}

export function recoverSet(fileSystem: FileSystem, manifestBytesMax?: number): Promise<VersionSet> {
  return VersionSet.recover({ fileSystem, directory: DIRECTORY, manifestBytesMax });
}

/** Everything that recovery must bring back. */
export function stateOf(set: VersionSet): string {
  const { databaseId, logNumber, lastSequence, current } = set;
  return JSON.stringify({ databaseId, logNumber, lastSequence, levels: numbersOf(current) });
}

/** A flushed memtable: a table in L0, and the log number and last sequence that go with it. */
export function flushEdit(set: VersionSet): VersionEdit {
  const number = set.allocateFileNumber();
  return { ...added(0, table(number, 'a', 'z')), logNumber: set.allocateFileNumber(), lastSequence: number * 10 + 9 };
}

/** All of L0 and L1 becomes one table of L1. */
export function compactionEdit(set: VersionSet): VersionEdit {
  const inputs = [0, 1].flatMap((level) => set.current.levels[level].map(({ number }) => ({ level, number })));
  return edit({ ...added(1, table(set.allocateFileNumber(), 'a', 'z')), deletedTables: inputs });
}

export interface Progress {
  /** States after creation and after each edit that returned. */
  readonly states: string[];
  /** Whether a change is under way: then the next state may be found as well as the last. */
  isUnderWay: boolean;
}

/** Creation, twelve edits with roll-overs between them, and a reopening in the middle. Keeps `progress` up to date. */
export async function runScenario(fileSystem: FileSystem, progress: Progress): Promise<void> {
  let set = await advance(progress, () => createSet(fileSystem, SMALL_MANIFEST_BYTES), stateOf);
  for (let step = 1; step <= 12; step++) {
    if (step === 7) {
      await set.close();
      set = await recoverSet(fileSystem, SMALL_MANIFEST_BYTES);
    }
    const change = step % 4 === 0 ? compactionEdit(set) : flushEdit(set);
    await advance(
      progress,
      () => set.apply(change),
      () => stateOf(set),
    );
  }
  await set.close();
}

async function advance<T>(progress: Progress, change: () => Promise<T>, state: (result: T) => string): Promise<T> {
  progress.isUnderWay = true;
  const result = await change();
  progress.isUnderWay = false;
  progress.states.push(state(result));
  return result;
}
