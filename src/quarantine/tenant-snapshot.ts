import type { SegmentSummary } from './segment-summary.js';
import type { JournalSegmentWriter } from './segment-writer.js';
import type { TenantManifest } from './tenant-manifest.js';
import type { ManifestContents } from './write-manifest.js';

export interface SnapshotSegment {
  readonly number: number;
  /** A segment that is still written is copied up to here; of another one, all of it. */
  readonly endBytes: number | undefined;
  /**
   * Never written again, by whoever has a name of it. Not so the last one of a tenant: where its manifest is lost, it is gone on with,
   * and would be so under both of its names.
   */
  readonly isImmutable: boolean;
}

/** The segments of a tenant at one moment, as a copy of them is to have them. */
export interface TenantSnapshot {
  readonly tenant: string;
  readonly directory: string;
  readonly databaseId: number;
  readonly segments: readonly SnapshotSegment[];
  /** Of the copy; it knows every segment but the one that is written. */
  readonly manifest: ManifestContents;
}

/** `held` are segments that were removed, whose files are there. */
export function snapshotOf(
  manifest: TenantManifest,
  sealed: readonly SegmentSummary[],
  held: readonly SegmentSummary[],
  active: JournalSegmentWriter | undefined,
): Pick<TenantSnapshot, 'segments' | 'manifest'> {
  const present = [...sealed, ...held].sort((a, b) => a.number - b.number);
  const written = active !== undefined && active.summary.entryCount > 0 ? active : undefined;
  const lastNumber = written?.number ?? present.at(-1)?.number;
  const segments = present.map(({ number }): SnapshotSegment => {
    // One that the manifest does not know was perhaps never synced, where nothing is to be written.
    const isKnown = manifest.summaries.has(number) || held.some((summary) => summary.number === number);
    return { number, endBytes: undefined, isImmutable: isKnown && number !== lastNumber };
  });
  if (written !== undefined) {
    segments.push({ number: written.number, endBytes: written.endBytes, isImmutable: false });
  }
  const summaries = new Map([...manifest.summaries, ...present.map((summary) => [summary.number, summary] as const)]);
  const removed = manifest.lastRemoved(held);
  return {
    segments,
    manifest: { summaries: [...summaries.values()], removed: removed === undefined ? [] : [removed] },
  };
}
