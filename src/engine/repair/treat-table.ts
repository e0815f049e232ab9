import { join } from 'node:path';
import { compareBytes } from '../../base/bytes.js';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { tableName } from '../../base/file-names.js';
import { BlockCache } from '../../table/block-cache.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { TableReader } from '../../table/table-reader.js';
import { salvageTable, type TableSalvage } from '../../table/table-salvage.js';
import { TableWriter } from '../../table/table-writer.js';
import { verifyTable } from '../../table/verify-table.js';
import { keysBetween, type RepairContext } from './repair-context.js';
import type { LostSpan, RepairedFile } from './repair-report.js';
import { repairedFile } from './repaired-file.js';
import { walkEntries } from './table-walk.js';
import type { ValueCheck } from './value-check.js';

/** What is known of a table before it is read. */
export interface TableToTreat {
  readonly number: number;
  /** As a manifest has it. */
  readonly known: TableMetadata | undefined;
  /** Of tables of a bulk load whose sequence no manifest tells: the one that they get. */
  readonly assumedSequence: number;
}

export interface TreatedTable {
  readonly report: RepairedFile;
  /** The table to use in its place, or itself; undefined if nothing of it is left. In a dry run the file is not there. */
  readonly table: TableMetadata | undefined;
  /** Whether all that it held is in `table`. */
  readonly isWhole: boolean;
}

/** Reads every byte of a table, and writes a new one of what is intact if it is not whole. Errors: STEME_UNSUPPORTED, STEME_IO. */
export async function treatTable(
  context: RepairContext,
  values: ValueCheck,
  target: TableToTreat,
): Promise<TreatedTable> {
  const { fileSystem, directory } = context;
  const name = tableName(target.number);
  const fileBytes = await fileSystem.statBytes(join(directory, name));
  if (fileBytes === undefined) return withoutFile(target, 'missing', 'it is not there');
  const problem = await problemOf(context, values, target, fileBytes);
  if (typeof problem !== 'string') return asItIs(target, problem);
  let bytes: Uint8Array;
  try {
    bytes = await readWhole(context, name, fileBytes);
  } catch (error) {
    if (!(error instanceof StemeError) || error.code !== 'STEME_IO') throw error;
    context.setAside.addFile(name);
    return withoutFile(target, 'lost', `it cannot be read: ${error.message}`);
  }
  return new Rewrite(context, values, target, bytes, problem).run();
}

/** What is wrong with a table, or the metadata of one that is whole, with every value that it refers to. */
async function problemOf(
  context: RepairContext,
  values: ValueCheck,
  target: TableToTreat,
  fileBytes: number,
): Promise<string | TableMetadata> {
  const { number, known } = target;
  const path = join(context.directory, tableName(number));
  if (known !== undefined && known.fileBytes !== fileBytes) {
    return `it has ${fileBytes} bytes, the manifest says ${known.fileBytes}`;
  }
  try {
    const blockCache = new BlockCache(0);
    const globalSequence = known?.globalSequence;
    const identity = { fileSystem: context.fileSystem, path, number, fileBytes, globalSequence };
    const reader = TableReader.openSync({ ...identity, readMode: 'pread', blockCache });
    try {
      verifyTable(reader);
      const found = metadataOf(reader, target);
      if (known !== undefined && !isSameTable(known, found)) return 'it is not the table that the manifest names';
      await checkValues(context, values, reader);
      return found;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    if (error instanceof StemeError && error.code === 'STEME_IO') return error.message;
    throw error;
  }
}

async function checkValues(context: RepairContext, values: ValueCheck, reader: TableReader): Promise<void> {
  await context.progress(reader.fileBytes);
  if (reader.properties.blobUses.length === 0) return;
  const entries = reader.iterator({ fillCache: false });
  for (entries.seekToFirst(); entries.valid; entries.next()) {
    const verdict = values.check(entries.kind, entries.valueSource, entries.valueStart, entries.valueEnd);
    if (verdict?.problem !== undefined) {
      const expected = 'values that can be read';
      throw new CorruptionError({ file: reader.path, offsetBytes: 0, expected, found: verdict.problem });
    }
    const pending = verdict && context.progress(verdict.reference.storedBytes);
    if (pending !== undefined) await pending;
  }
}

function isSameTable(known: TableMetadata, found: TableMetadata): boolean {
  return (
    known.entryCount === found.entryCount &&
    compareBytes(known.smallestKey, found.smallestKey) === 0 &&
    compareBytes(known.largestKey, found.largestKey) === 0
  );
}

/** What the file says, and what only a manifest does. */
function metadataOf(reader: TableReader, { known, assumedSequence }: TableToTreat): TableMetadata {
  const { number, fileBytes, properties } = reader;
  if (known !== undefined && known.fileBytes === fileBytes) return known;
  const isBulk = properties.largestSequence === 0;
  const globalSequence = isBulk ? assumedSequence : 0;
  return {
    number,
    fileBytes,
    entryCount: properties.entryCount,
    tombstoneCount: properties.tombstoneCount,
    rangeDeleteCount: properties.rangeDeleteCount,
    keyCount: 0,
    rawBytes: properties.rawBytes,
    smallestKey: properties.smallestKey,
    largestKey: properties.largestKey,
    isLargestKeyExclusive: properties.isLargestKeyExclusive,
    smallestSequence: isBulk ? globalSequence : properties.smallestSequence,
    largestSequence: isBulk ? globalSequence : properties.largestSequence,
    createdAtMs: properties.createdAtMs,
    oldestAtMs: properties.createdAtMs,
    expiringCount: properties.expiringCount,
    largestExpiryMs: properties.largestExpiryMs,
    globalSequence,
    blobUses: properties.blobUses,
  };
}

function asItIs(target: TableToTreat, table: TableMetadata): TreatedTable {
  const report = repairedFile({ ...tableOf(target), outcome: 'kept', keptEntries: table.entryCount, lostEntries: 0 });
  return { report, table, isWhole: true };
}

function withoutFile(target: TableToTreat, outcome: 'missing' | 'lost', problem: string): TreatedTable {
  const { known } = target;
  const keys = known && keysBetween(known.smallestKey, known.largestKey);
  const report = repairedFile({
    ...tableOf(target),
    outcome,
    problems: [problem],
    lostEntries: known?.entryCount,
    keys,
  });
  return { report, table: undefined, isWhole: false };
}

function tableOf({ number }: TableToTreat): Pick<RepairedFile, 'file' | 'kind'> {
  return { file: tableName(number), kind: 'table' };
}

async function readWhole(context: RepairContext, name: string, fileBytes: number): Promise<Uint8Array> {
  const handle = await context.fileSystem.open(join(context.directory, name), 'read');
  try {
    const bytes = new Uint8Array(fileBytes);
    return bytes.subarray(0, await handle.read(bytes, 0));
  } finally {
    await handle.close();
  }
}

/** One damaged table on its way into a new one. */
class Rewrite {
  readonly #context: RepairContext;
  readonly #values: ValueCheck;
  readonly #target: TableToTreat;
  readonly #bytes: Uint8Array;
  readonly #problem: string;
  readonly #name: string;
  #lostValueCount = 0;

  constructor(context: RepairContext, values: ValueCheck, target: TableToTreat, bytes: Uint8Array, problem: string) {
    this.#context = context;
    this.#values = values;
    this.#target = target;
    this.#bytes = bytes;
    this.#problem = problem;
    this.#name = tableName(target.number);
  }

  async run(): Promise<TreatedTable> {
    const { known } = this.#target;
    const path = join(this.#context.directory, this.#name);
    const globalSequence = known?.globalSequence ?? 0;
    const salvage = salvageTable(this.#bytes, path, this.#target.number, globalSequence);
    this.#context.setAside.addFile(this.#name);
    const writer = this.#context.isDryRun ? undefined : this.#createWriter(salvage);
    try {
      const { keptCount, unusableCount } = await this.#fill(writer, salvage, path);
      const isEmpty = keptCount === 0 && salvage.rangeDeletes === undefined;
      if (isEmpty) writer?.abandon();
      const table = isEmpty || writer === undefined ? undefined : writer.finish();
      if (table !== undefined) this.#context.written.push(tableName(table.number));
      const counted = salvage.properties?.entryCount ?? known?.entryCount;
      const lostEntries = counted === undefined ? undefined : Math.max(0, counted - keptCount);
      return await this.#report(salvage, table, { isEmpty, keptCount, lostEntries, unusableCount });
    } catch (error) {
      writer?.abandon();
      throw error;
    }
  }

  #createWriter({ properties }: TableSalvage): TableWriter {
    const number = this.#context.allocateNumber();
    const { fileSystem, directory, settings } = this.#context;
    const { known } = this.#target;
    const createdAtMs = known?.createdAtMs ?? properties?.createdAtMs ?? settings.createdAtMs;
    const path = join(directory, tableName(number));
    return new TableWriter({ ...settings, fileSystem, path, number, createdAtMs, oldestAtMs: known?.oldestAtMs });
  }

  async #fill(writer: TableWriter | undefined, salvage: TableSalvage, path: string) {
    const outcome = await walkEntries(
      {
        bytes: this.#bytes,
        path,
        salvage,
        values: this.#values,
        sequenceOfZero: this.#target.known?.globalSequence ?? this.#target.assumedSequence,
        onEntry: ({ keySource, keyEnd, sequence, kind, valueSource, valueStart, valueEnd, reference }) => {
          writer?.add(keySource, 0, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
          if (reference !== undefined) writer?.noteBlobUse(reference.number, reference.valueBytes);
        },
        onLostValue: (key, valueBytes, problem) => {
          this.#lostValueCount++;
          this.#context.noteLostValue(this.#name, key, valueBytes, problem);
        },
      },
      (bytes) => this.#context.progress(bytes),
    );
    for (const { start, end, sequences } of salvage.rangeDeletes?.fragments ?? []) {
      for (const sequence of sequences) writer?.addRangeTombstone(start, end, sequence);
    }
    return outcome;
  }

  async #report(
    salvage: TableSalvage,
    table: TableMetadata | undefined,
    counts: { isEmpty: boolean; keptCount: number; lostEntries: number | undefined; unusableCount: number },
  ): Promise<TreatedTable> {
    const isWhole =
      salvage.spans.length === 0 && counts.lostEntries === 0 && this.#rangeDeletesState(salvage) === 'known';
    const spans = await this.#saveSpans(salvage);
    const { known } = this.#target;
    // The entries that are left do not tell how far the table reached.
    const bounds = known ?? salvage.properties;
    const report = repairedFile({
      ...tableOf(this.#target),
      outcome: counts.isEmpty ? 'lost' : isWhole ? 'rebuilt' : 'salvaged',
      problems: this.#problemsOf(salvage, counts.unusableCount),
      newFile: table && tableName(table.number),
      keptEntries: counts.keptCount,
      lostEntries: counts.lostEntries,
      keys: isWhole ? undefined : keysBetween(bounds?.smallestKey, bounds?.largestKey),
      spans,
    });
    return { report, table, isWhole };
  }

  async #saveSpans({ spans }: TableSalvage): Promise<LostSpan[]> {
    const saved: LostSpan[] = [];
    for (const { offsetBytes, endBytes, lastKeyBefore, firstKeyBehind } of spans) {
      const savedAs = await this.#context.setAside.saveSpan(this.#name, offsetBytes, endBytes);
      saved.push({ offsetBytes, endBytes, savedAs, keys: keysBetween(lastKeyBefore, firstKeyBehind) });
    }
    return saved;
  }

  /** A manifest may know what the file does not tell. */
  #rangeDeletesState({ rangeDeletesState }: TableSalvage): TableSalvage['rangeDeletesState'] {
    const { known } = this.#target;
    if (rangeDeletesState !== 'unknown' || known === undefined) return rangeDeletesState;
    return known.rangeDeleteCount === 0 ? 'known' : 'lost';
  }

  #problemsOf(salvage: TableSalvage, unusableCount: number): string[] {
    const all = [this.#problem, ...salvage.problems];
    const rangeDeletesState = this.#rangeDeletesState(salvage);
    if (rangeDeletesState === 'lost') {
      all.push(
        'its range deletes are lost: what they deleted may show again, between the first and the last key of the table',
      );
    }
    if (rangeDeletesState === 'unknown') {
      all.push('whether it had range deletes cannot be told: if it had, what they deleted may show again');
    }
    if (unusableCount > 0) all.push(`${unusableCount} entries in intact blocks cannot be used`);
    if (this.#lostValueCount > 0) all.push(`${this.#lostValueCount} values in blob files cannot be read`);
    return all;
  }
}
