import { join } from 'node:path';
import { writeUint64 } from '../base/bytes.js';
import type { FileSystem } from '../fs/file-system.js';
import type { FramePosition } from '../log/frame-writer.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import { LogWriter } from '../log/log-writer.js';
import { TENANT_MANIFEST_NAME, TENANT_MANIFEST_TMP_NAME } from './journal-files.js';
import { encodeJournalHeader, JOURNAL_MANIFEST, journalIdentity } from './journal-header.js';
import { encodeSummary, type SegmentSummary } from './segment-summary.js';

/** Stored on disk, never renumbered. */
export const MANIFEST_REMOVED = 2;
export const REMOVED_BYTES = 24;

export interface ManifestPlace {
  readonly fileSystem: FileSystem;
  /** Of the tenant. */
  readonly directory: string;
  readonly databaseId: number;
  readonly tenant: string;
  readonly nowMs: () => number;
}

export type RemovedSegment = Pick<SegmentSummary, 'number' | 'lastEntry'>;

export interface ManifestContents {
  readonly summaries: Iterable<SegmentSummary>;
  readonly removed: readonly RemovedSegment[];
}

/** The manifest of a tenant, anew, in the place of one that is there; durable when it resolves. Returns where it ends. Errors: STEME_IO. */
export async function writeManifest(
  place: ManifestPlace,
  { summaries, removed }: ManifestContents,
): Promise<FramePosition> {
  const { fileSystem, directory, databaseId, tenant, nowMs } = place;
  const header = encodeJournalHeader({
    databaseId,
    kind: JOURNAL_MANIFEST,
    number: 0,
    tenant,
    firstEntry: 0,
    createdAtMs: nowMs(),
    predecessorEndBytes: 0,
    alignmentBytes: FRAME_ALIGNMENT_BYTES,
  });
  const temporary = join(directory, TENANT_MANIFEST_TMP_NAME);
  const writer = await LogWriter.create(fileSystem, temporary, { identity: manifestIdentity(place), header });
  try {
    const records = [...[...summaries].map(encodeSummary), ...removed.map(encodeRemoved)];
    await writer.appendAll(records.map((record) => [record]));
    await writer.sync();
  } finally {
    await writer.close();
  }
  await fileSystem.rename(temporary, join(directory, TENANT_MANIFEST_NAME));
  await fileSystem.syncDirectory(directory);
  return writer.durable;
}

export function manifestIdentity({ databaseId, tenant }: Pick<ManifestPlace, 'databaseId' | 'tenant'>): number {
  return journalIdentity({ databaseId, kind: JOURNAL_MANIFEST, number: 0, tenant });
}

export function encodeRemoved({ number, lastEntry }: RemovedSegment): Uint8Array {
  const record = new Uint8Array(REMOVED_BYTES);
  record[0] = MANIFEST_REMOVED;
  writeUint64(record, 8, number);
  writeUint64(record, 16, lastEntry);
  return record;
}
