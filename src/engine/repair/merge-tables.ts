/**
 * Merges tables whose ages interleave into tables of one level. Nobody has a snapshot of a database that is being repaired, so of
 * each key the newest version stays, and of each stretch the newest range delete.
 *
 * Without a manifest, tables are among them that a compaction had replaced, and that had not been removed when the machine
 * stopped. They hold what the compaction dropped for good: entries below a delete that went with them. A version of a key is in
 * one live table only; so where two tables share one, the older file was read by the merge that wrote the younger one, and what the
 * younger one does not have within its range, that merge has dropped. Such entries are left out. A replaced table that shares
 * nothing with any other cannot be told from a live one.
 */
import { compareRanges } from '../../base/bytes.js';
import { tableName } from '../../base/file-names.js';
import type { InternalIterator } from '../../base/internal-iterator.js';
import { TABLE_BYTES_TARGET } from '../../base/limits.js';
import type { RangeTombstoneSet } from '../../base/range-tombstones.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind } from '../../base/stored-value.js';
import { readBlobReference } from '../../blob/blob-reference.js';
import type { CompactionJob } from '../../jobs/job.js';
import { OutputTables } from '../../jobs/output-tables.js';
import { isInRange } from '../../read/key-range.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { type MergeInput, MergeWalk } from './merge-walk.js';
import type { RepairContext } from './repair-context.js';

export interface MergeOutcome {
  readonly tables: readonly TableMetadata[];
  /** Versions that a compaction had dropped already. */
  readonly obsoleteCount: number;
}

/** `mayDropObsolete`: no table is missing or damaged, so that none of them can hold the only copy of what another has lost. */
export async function mergeTables(
  context: RepairContext,
  inputs: readonly MergeInput[],
  mayDropObsolete: boolean,
): Promise<MergeOutcome> {
  const replacements = mayDropObsolete
    ? await findReplacements(context, inputs)
    : new Map<MergeInput, Set<MergeInput>>();
  const outputs = new MergeOutputs(context, inputs, replacements);
  const walk = new MergeWalk(context, inputs);
  try {
    await walk.run(({ entry, holders }) => outputs.take(entry, holders));
    return outputs.finish();
  } catch (error) {
    outputs.abandon();
    throw error;
  } finally {
    walk.close();
  }
}

/** Of each table those that a merge made of it. */
async function findReplacements(
  context: RepairContext,
  inputs: readonly MergeInput[],
): Promise<Map<MergeInput, Set<MergeInput>>> {
  const replacements = new Map<MergeInput, Set<MergeInput>>();
  const walk = new MergeWalk(context, inputs);
  try {
    await walk.run(({ holders }) => {
      if (holders.length === 1) return;
      const [newest, ...older] = holders.toSorted((a, b) => b.originNumber - a.originNumber);
      for (const holder of older) replacements.set(holder, (replacements.get(holder) ?? new Set()).add(newest));
    });
    return replacements;
  } finally {
    walk.close();
  }
}

class MergeOutputs {
  readonly #context: RepairContext;
  readonly #replacements: ReadonlyMap<MergeInput, ReadonlySet<MergeInput>>;
  readonly #tombstones: RangeTombstoneSet;
  readonly #outputs: OutputTables;
  #lastKey: Uint8Array | undefined;
  #isKeyDone = false;
  #obsoleteCount = 0;

  constructor(
    context: RepairContext,
    inputs: readonly MergeInput[],
    replacements: ReadonlyMap<MergeInput, ReadonlySet<MergeInput>>,
  ) {
    this.#context = context;
    this.#replacements = replacements;
    this.#tombstones = MergeWalk.tombstonesOf(context, inputs);
    const newest = this.#tombstones.fragments.map(({ start, end, sequences }) => ({
      start,
      end,
      sequences: [sequences[0]],
    }));
    this.#outputs = new OutputTables(context.fileSystem, jobOf(context, inputs), newest);
  }

  take(entry: InternalIterator, holders: readonly MergeInput[]): void {
    const { keySource, keyStart, keyEnd, sequence } = entry;
    if (!this.#isLastKey(keySource, keyStart, keyEnd)) {
      this.#lastKey = keySource.slice(keyStart, keyEnd);
      this.#isKeyDone = false;
      this.#outputs.startKey(keySource, keyStart, keyEnd);
    }
    if (this.#isKeyDone) return;
    if (this.#lastKey !== undefined && this.#isObsolete(this.#lastKey, holders)) {
      this.#obsoleteCount++;
      return;
    }
    this.#isKeyDone = true;
    const cover = this.#tombstones.coveringSequence(keySource, keyStart, keyEnd, Number.MAX_SAFE_INTEGER);
    if (cover > sequence) return;
    this.#write(entry);
  }

  finish(): MergeOutcome {
    const tables = this.#outputs.finish();
    this.#context.written.push(...tables.map(({ number }) => tableName(number)));
    return { tables, obsoleteCount: this.#obsoleteCount };
  }

  abandon(): void {
    this.#outputs.abandon();
  }

  #isLastKey(source: Uint8Array, start: number, end: number): boolean {
    const last = this.#lastKey;
    return last !== undefined && compareRanges(source, start, end, last, 0, last.length) === 0;
  }

  /** Every table that has the version was replaced there by one that does not have it. */
  #isObsolete(key: Uint8Array, holders: readonly MergeInput[]): boolean {
    return holders.every((holder) => {
      const replacements = this.#replacements.get(holder) ?? [];
      return [...replacements].some((replacement) => !holders.includes(replacement) && isInRange(replacement, key));
    });
  }

  #write({ keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd }: InternalIterator): void {
    const writer = this.#outputs.writer();
    writer.add(keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
    if (!isBlobKind(kind)) return;
    const referenceStart = isExpiringKind(kind) ? valueStart + EXPIRY_BYTES : valueStart;
    const { number, valueBytes } = readBlobReference(valueSource, referenceStart, valueEnd);
    writer.noteBlobUse(number, valueBytes);
  }
}

/** What the outputs ask of the job that they are of: a merge of everything into one level, which ends where tables are full. */
function jobOf(context: RepairContext, inputs: readonly MergeInput[]): CompactionJob {
  const fileBytes = inputs.reduce((sum, { table }) => sum + table.fileBytes, 0);
  const countMax = Math.ceil(fileBytes / TABLE_BYTES_TARGET) * 2 + 1;
  return {
    kind: 'compaction',
    inputs: inputs.map(({ table }) => table),
    outputLevel: 1,
    bounds: {},
    snapshots: [],
    expiryCutoffMs: 0,
    deeperRanges: [],
    grandparents: [],
    grandparentBytesMax: Number.POSITIVE_INFINITY,
    numbers: Array.from({ length: countMax }, () => context.allocateNumber()),
    tableBytesTarget: TABLE_BYTES_TARGET,
    readMode: 'pread',
    settings: context.settings,
  };
}
