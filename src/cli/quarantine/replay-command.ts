import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  QuarantinedRecord,
  ReplayCounts,
  ReplayHandler,
  ReplayOptions,
  ReplayResult,
} from '../../engine/quarantine/quarantine-api.js';
import type { CliEnvironment } from '../cli-environment.js';
import { EXIT_OK, EXIT_RECORDS_REJECTED } from '../exit-codes.js';
import { keyOfRecord } from '../key-of-record.js';
import { Output } from '../output.js';
import { createRecordReader, type FormatName } from '../record-reader/record-reader.js';
import { startStatusLine } from '../status-line.js';
import { formatCount, formatMs } from '../units.js';
import { UsageError } from '../usage-error.js';
import { type FilterFlags, filterOf } from './quarantine-flags.js';

export interface ReplayFlags extends FilterFlags {
  readonly format: FormatName;
  readonly key?: string;
  readonly timestamp?: string;
  readonly fix?: string;
  readonly rate?: number;
  readonly maxAttempts?: number;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

const SOURCE_DEFAULT = 'quarantine';

/** `steme quarantine replay`: sends entries the way of `steme ingest`, under the keys that they would have had. Returns the exit code. */
export async function replayCommand(flags: ReplayFlags, environment: CliEnvironment): Promise<number> {
  const fix = flags.fix === undefined ? undefined : await loadFix(flags.fix);
  const database = await environment.openDatabase(flags.db, { createIfMissing: false });
  let counts: ReplayCounts | undefined;
  const stopStatus = startStatusLine(environment, flags.json === true, () => describe(counts));
  try {
    const result = await database.quarantine.replay(filterOf(flags), ingestHandler(flags), {
      signal: environment.signal,
      by: `steme quarantine replay (process ${process.pid})`,
      ...(fix !== undefined && { fix }),
      ...(flags.rate !== undefined && { rateLimit: flags.rate }),
      ...(flags.maxAttempts !== undefined && { maxAttempts: flags.maxAttempts }),
      ...(flags.dryRun !== undefined && { dryRun: flags.dryRun }),
      onProgress: (now) => {
        counts = now;
      },
    });
    stopStatus();
    await new Output(environment.stdout).write(
      flags.json === true ? `${JSON.stringify(result)}\n` : summaryOf(result, flags),
    );
    return flags.strict === true && result.failed + result.poison + result.damaged > 0
      ? EXIT_RECORDS_REJECTED
      : EXIT_OK;
  } finally {
    stopStatus();
    await database.close();
  }
}

/** A record gets the key that `steme ingest` would give it: from its fields, or from its place in its source. */
function ingestHandler({ format, key, timestamp }: ReplayFlags): ReplayHandler {
  const requiredFields = [key, timestamp].filter((field) => field !== undefined);
  return (record) => {
    const reader = createRecordReader(format, { requiredFields });
    const items = [...reader.push(record.payload), ...reader.end()];
    const [item] = items;
    if (items.length !== 1 || item === undefined) throw new Error(`it is ${items.length} records, not one`);
    if (item.kind === 'rejection') throw new Error(item.reason);
    const placed = { ...item, raw: { ...item.raw, line: record.position ?? record.number } };
    const sourceName = record.source === '' ? SOURCE_DEFAULT : record.source;
    const result = keyOfRecord(placed, { sourceName, keyField: key, timestampField: timestamp });
    if ('reason' in result) throw new Error(result.reason);
    return { type: 'put', key: result.key, value: item.value };
  };
}

async function loadFix(path: string): Promise<NonNullable<ReplayOptions['fix']>> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href);
  const fix = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (typeof fix === 'function') return (record: QuarantinedRecord) => fix(record);
  throw new UsageError(
    `${path} has no function as its default export`,
    'export default (record) => repaired payload, or undefined',
  );
}

function describe(counts: ReplayCounts | undefined): string {
  if (counts === undefined) return 'reading';
  return `${formatCount(counts.replayed)} replayed | ${formatCount(counts.failed)} failed`;
}

function summaryOf(result: ReplayResult, flags: ReplayFlags): string {
  const { found, replayed, failed, poison, damaged, durationMs } = result;
  const verb = flags.dryRun === true ? 'would replay' : 'replayed';
  const parts = [`${verb} ${formatCount(replayed)} of ${formatCount(found)} entries in ${formatMs(durationMs)}`];
  if (failed > 0) parts.push(`${formatCount(failed)} failed and stay ("steme quarantine ls" says why)`);
  if (poison > 0) parts.push(`${formatCount(poison)} were tried too often (--max-attempts)`);
  if (damaged > 0) parts.push(`${formatCount(damaged)} are damaged`);
  return `${parts.join(', ')}\n`;
}
