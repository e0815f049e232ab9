/** Everything that a tenant has on disk, read to its last byte, beside what its manifest says of it. Writes nothing. */
import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { journalFileNumbers, journalSegmentName, TENANT_MANIFEST_NAME } from './journal-files.js';
import { readOwnHeader } from './journal-id.js';
import { encodeSummary, type SegmentSummary } from './segment-summary.js';
import type { SegmentPlace } from './segment-writer.js';
import { TenantManifest } from './tenant-manifest.js';
import { elsewhere, scanSegment } from './tenant-segments.js';

export interface InspectedSegment {
  readonly number: number;
  /** In the manifest; undefined for one that it does not know. */
  readonly known: SegmentSummary | undefined;
  /** Of the entries that can be read; undefined where there are none. */
  readonly found: SegmentSummary | undefined;
  readonly damages: readonly CorruptionError[];
  /** A file of another tenant, number or database. */
  readonly isForeign: boolean;
}

export interface InspectedTenant {
  readonly manifest: TenantManifest;
  /** By number, those that were removed left out. */
  readonly segments: readonly InspectedSegment[];
  /** In the manifest, and not there. */
  readonly missing: readonly SegmentSummary[];
  /** Removed, and there still. */
  readonly removedNumbers: readonly number[];
  /** Of the manifest: it cannot be read, or says something else than the segments. */
  readonly manifestDamages: readonly CorruptionError[];
  /** Of entries that there are, or were. */
  readonly lastEntry: number;
}

/**
 * `inIntake` has the numbers of the tenant's entries that were found in the intake, ascending; `onRead` is called after each segment.
 * Errors: STEME_IO, STEME_UNSUPPORTED, and what `onRead` throws; damage is no error here.
 */
export async function inspectTenant(
  place: SegmentPlace,
  inIntake: readonly number[],
  onRead: (bytes: number) => void,
): Promise<InspectedTenant> {
  const { fileSystem, directory } = place;
  const numbers = journalFileNumbers(await fileSystem.list(directory), 'segment');
  const manifest = await TenantManifest.load(place);
  const segments: InspectedSegment[] = [];
  let nextFirstEntry = Number.POSITIVE_INFINITY;
  // From the last one backwards, as the open does it.
  for (const number of numbers.toReversed().filter((each) => !manifest.isRemoved(each))) {
    const known = manifest.summaries.get(number);
    const endEntry = known === undefined ? nextFirstEntry : Number.POSITIVE_INFINITY;
    const bounds = { endEntry, endBytes: known?.endBytes, tornFrom: elsewhere(endEntry, inIntake) };
    const { header, summary, position, damages } = await scanSegment(place, number, bounds);
    const found = summary.entryCount === 0 ? undefined : summary.finish(number, position.sizeBytes);
    const isReadable = found !== undefined || damages.length > 0 || header !== undefined;
    const path = join(directory, journalSegmentName(number));
    const isForeign = !isReadable && (await readOwnHeader(fileSystem, path)) !== undefined;
    segments.unshift({ number, known, found, damages, isForeign });
    nextFirstEntry = known?.firstEntry ?? header?.firstEntry ?? nextFirstEntry;
    onRead((await fileSystem.statBytes(path)) ?? 0);
  }
  const missing = [...manifest.summaries.values()].filter(({ number }) => !numbers.includes(number));
  const lastEntries = segments.map(({ known, found }) => Math.max(known?.lastEntry ?? 0, found?.lastEntry ?? 0));
  return {
    manifest,
    segments: withDisorder(segments, directory),
    missing,
    removedNumbers: numbers.filter((number) => manifest.isRemoved(number)),
    manifestDamages: [
      ...(manifest.damage === undefined ? [] : [manifest.damage]),
      ...segments.flatMap((segment) => mismatchOf(segment, directory) ?? []),
    ],
    lastEntry: Math.max(
      manifest.lastRemoved()?.lastEntry ?? 0,
      ...missing.map(({ lastEntry }) => lastEntry),
      ...lastEntries,
    ),
  };
}

/** Of a segment that is whole; of another one the manifest knows more than can be read. */
function mismatchOf(
  { number, known, found, damages }: InspectedSegment,
  directory: string,
): CorruptionError | undefined {
  if (known === undefined || damages.length > 0) return undefined;
  if (found !== undefined && Buffer.compare(encodeSummary(known), encodeSummary(found)) === 0) return undefined;
  const file = join(directory, TENANT_MANIFEST_NAME);
  const name = journalSegmentName(number);
  const differing = found === undefined ? [] : NUMBER_FIELDS.filter((field) => known[field] !== found[field]);
  const field = differing.at(0);
  if (found === undefined)
    return new CorruptionError({
      file,
      offsetBytes: 0,
      expected: `no summary of ${name}`,
      found: `one of ${known.entryCount} entries`,
    });
  const [expected, other] =
    field === undefined ? ['the minutes and the filter', 'others'] : [`${field} ${found[field]}`, `${known[field]}`];
  return new CorruptionError({ file, offsetBytes: 0, expected: `${expected} of ${name}`, found: other });
}

const NUMBER_FIELDS = [
  'firstEntry',
  'lastEntry',
  'entryCount',
  'payloadBytes',
  'endBytes',
  'timestampMsMin',
  'timestampMsMax',
  'appendedAtMsMax',
] as const;

/** Entries of a tenant ascend from segment to segment: one that does not follow the one before is damaged. */
function withDisorder(segments: readonly InspectedSegment[], directory: string): InspectedSegment[] {
  let lastEntry = 0;
  return segments.map((segment) => {
    const { number, found, damages } = segment;
    if (found === undefined) return segment;
    const isBehind = found.firstEntry > lastEntry;
    const file = join(directory, journalSegmentName(number));
    const expected = `an entry behind number ${lastEntry}`;
    lastEntry = Math.max(lastEntry, found.lastEntry);
    if (isBehind) return segment;
    const damage = new CorruptionError({ file, offsetBytes: 0, expected, found: `number ${found.firstEntry}` });
    return { ...segment, damages: [...damages, damage] };
  });
}
