import { logName } from '../../base/file-names.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { replayWal } from '../../wal/wal-replay.js';
import { LogTables } from './log-tables.js';
import type { RepairContext } from './repair-context.js';
import type { RepairedFile, SequenceGap } from './repair-report.js';
import { repairedFile } from './repaired-file.js';
import { salvageLog } from './salvage-log.js';

export interface RepairedLog {
  /** The log stays as it is: what stands here is its first segment. */
  readonly logNumber: number | undefined;
  readonly files: readonly RepairedFile[];
  readonly tables: readonly TableMetadata[];
  readonly gaps: readonly SequenceGap[];
  readonly recordCount: number;
  readonly lastSequence: number;
}

export interface LogToRepair {
  readonly databaseId: number | undefined;
  /** As a sound manifest has it; undefined without one. */
  readonly logNumber: number | undefined;
  /** Of all segments that are there. */
  readonly numbers: readonly number[];
  readonly flushedSequence: number;
}

/**
 * A log that is whole, and that a sound manifest speaks of, stays as it is. Of any other one all that is intact goes to tables, and
 * its segments to `lost/`: the repaired database begins with an empty log. Errors: STEME_UNSUPPORTED, STEME_IO.
 */
export async function repairLog(context: RepairContext, log: LogToRepair): Promise<RepairedLog> {
  const { databaseId, logNumber, flushedSequence } = log;
  if (databaseId === undefined) return unreadable(context, log);
  const damage = logNumber === undefined ? undefined : await damageOf(context, log, databaseId, logNumber);
  if (logNumber !== undefined && damage === undefined) {
    return { logNumber, files: [], tables: [], gaps: [], recordCount: 0, lastSequence: flushedSequence };
  }
  const tables = new LogTables(context, flushedSequence);
  const numbers = log.numbers.filter((number) => number >= (logNumber ?? 0));
  const salvaged = await salvageLog(context, {
    databaseId,
    numbers,
    flushedSequence,
    onRecord: (payload, range) => tables.add(payload, range),
  });
  await tables.flush();
  for (const number of log.numbers) context.setAside.addFile(logName(number));
  const { gaps, recordCount, lastSequence } = salvaged;
  const missing = damage === undefined || numbers.some((number) => logName(number) === damage.file) ? [] : [damage];
  const files = [
    ...salvaged.files,
    ...missing.map(({ file }) =>
      repairedFile({ file, kind: 'log', outcome: 'missing', problems: ['it is not there'] }),
    ),
  ];
  if (damage !== undefined && files.every(({ problems }) => problems.length === 0)) {
    context.notes.push(`the log does not hold all that it held: ${damage.problem}`);
  }
  return { logNumber: undefined, files, tables: tables.tables, gaps, recordCount, lastSequence };
}

async function damageOf(
  { fileSystem, directory }: RepairContext,
  { numbers, flushedSequence }: LogToRepair,
  databaseId: number,
  firstNumber: number,
): Promise<{ file: string; problem: string } | undefined> {
  const { damage } = await replayWal({
    fileSystem,
    directory,
    databaseId,
    firstNumber,
    presentNumbers: numbers,
    flushedSequence,
    onDamage: 'stop',
    readOnly: true,
    onRecord: () => undefined,
  });
  return damage && { file: damage.file, problem: `${damage.found} in place of ${damage.expected} in ${damage.file}` };
}

/** Frames are recognised by the id of their database. */
function unreadable(context: RepairContext, { numbers, flushedSequence }: LogToRepair): RepairedLog {
  for (const number of numbers) context.setAside.addFile(logName(number));
  const problem = 'no file tells the id of the database, without which its records cannot be recognised';
  const files = numbers.map((number) =>
    repairedFile({ file: logName(number), kind: 'log', outcome: 'lost', problems: [problem] }),
  );
  return { logNumber: undefined, files, tables: [], gaps: [], recordCount: 0, lastSequence: flushedSequence };
}
