/**
 * A checkpoint is the database of one moment as a directory of its own, while this one goes on:
 *
 *   0. hold      no segment of the quarantine goes from here on
 *   1. flush     everything that was written before the call is in tables
 *   2. retain    the version of that moment: no compaction deletes its files under us (law 4)
 *   3. stage     a directory beside the target: a second name for each table and blob file (they never change: law 3), an empty
 *                log, a manifest that starts with the version, CURRENT, the quarantine; each durable
 *   4. publish   the directory gets the target's name
 *
 * A crash before the last step leaves nothing under the target's name. The checkpoint gets a database id of its own: both go on to
 * number their log segments from the same counter, and a segment of the one must not pass for one of the other.
 */
import { join, resolve } from 'node:path';
import { StemeError } from '../base/errors.js';
import { blobName, tableName } from '../base/file-names.js';
import { ManifestWriter, pointCurrentAt } from '../version/manifest-writer.js';
import type { Version } from '../version/version.js';
import type { CheckpointFile, CheckpointOptions, CheckpointResult } from './api.js';
import { CheckpointFiles } from './checkpoint-files.js';
import { writeEmptyLog } from './empty-log.js';
import type { EngineParts } from './engine.js';
import { throwIfEnded } from './long-calls.js';
import { checkpointQuarantine } from './quarantine/checkpoint-quarantine.js';
import type { HeldJournal } from './quarantine/held-journal.js';
import { StagedDirectory } from './staged-directory.js';

export type CheckpointParts = Pick<
  EngineParts,
  'directory' | 'environment' | 'options' | 'state' | 'versions' | 'flushes' | 'files'
> & {
  /** Errors: STEME_IO, STEME_UNSUPPORTED. */
  readonly holdQuarantine: () => Promise<HeldJournal>;
};

/** Errors: STEME_EXISTS, STEME_LOCKED, STEME_READ_ONLY, STEME_IO, STEME_BACKGROUND, STEME_UNSUPPORTED, and those of `throwIfEnded`. */
export async function writeCheckpoint(
  parts: CheckpointParts,
  directory: string,
  options: CheckpointOptions,
  signal: AbortSignal,
): Promise<CheckpointResult> {
  throwIfEnded(signal);
  const target = resolve(directory);
  const { fileSystem } = parts.environment;
  const staged = await StagedDirectory.begin(fileSystem, target);
  try {
    const files = new CheckpointFiles(fileSystem, staged.path, options, signal);
    const sequence = await fill(parts, files);
    throwIfEnded(signal);
    await staged.publish();
    return { directory: target, sequence, ...files.sums };
  } catch (error) {
    await staged.abandon();
    throw error;
  }
}

/** Resolves with the last sequence that is in it. */
async function fill(parts: CheckpointParts, files: CheckpointFiles): Promise<number> {
  const { directory, environment, options } = parts;
  const { fileSystem, clock } = environment;
  const { journal, release } = await parts.holdQuarantine();
  try {
    const sequence = await fillWithVersion(parts, files);
    const { readOnly: isReadOnly } = options;
    const nowMs = (): number => clock.nowMs();
    await checkpointQuarantine({ fileSystem, journal, directory, isReadOnly, nowMs, files });
    return sequence;
  } finally {
    await release();
  }
}

async function fillWithVersion(parts: CheckpointParts, files: CheckpointFiles): Promise<number> {
  const { versions } = parts;
  await putAllIntoTables(parts);
  throwIfEnded(files.signal);
  const version = versions.current;
  const sequence = versions.lastSequence;
  version.retain();
  try {
    const sources = filesOf(version, parts.directory);
    files.expect(sources);
    for (const source of sources) await files.place(source);
    await writeOwnFiles(parts, files.path, version, sequence);
    return sequence;
  } finally {
    if (version.release()) void parts.files.collect();
  }
}

/** A read-only database writes nothing, so it has a checkpoint only if nothing is in its log alone. */
async function putAllIntoTables({ options, state, flushes, directory }: CheckpointParts): Promise<void> {
  if (!options.readOnly) return flushes.flush();
  if (state.active.isEmpty && state.sealed.length === 0) return;
  const message = `there are records in the log of ${directory} that are in no table: open it for writing to make a checkpoint`;
  throw new StemeError('STEME_READ_ONLY', message);
}

function filesOf(version: Version, directory: string): CheckpointFile[] {
  const fileOf = (name: string, fileBytes: number): CheckpointFile => ({
    name,
    path: join(directory, name),
    fileBytes,
  });
  return [
    ...version.tables().map(({ number, fileBytes }) => fileOf(tableName(number), fileBytes)),
    ...[...version.blobs.values()].map(({ number, fileBytes }) => fileOf(blobName(number), fileBytes)),
  ];
}

/** What makes a database of the tables: an empty log, the manifest, and CURRENT last. */
async function writeOwnFiles(parts: CheckpointParts, path: string, version: Version, sequence: number): Promise<void> {
  const { versions } = parts;
  const { fileSystem, randomUint32 } = parts.environment;
  const databaseId = randomUint32();
  const logNumber = versions.allocateFileNumber();
  const manifestNumber = versions.allocateFileNumber();
  await writeEmptyLog(parts.environment, path, databaseId, logNumber);
  const manifest = await ManifestWriter.create(fileSystem, path, manifestNumber, {
    databaseId,
    logNumber,
    nextFileNumber: manifestNumber + 1,
    lastSequence: sequence,
    version,
  });
  await manifest.close();
  await pointCurrentAt(fileSystem, path, manifestNumber);
}
