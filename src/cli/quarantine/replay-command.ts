import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database } from '../../engine/api.js';
import type {
  QuarantinedRecord,
  ReplayCounts,
  ReplayOptions,
  ReplayResult,
} from '../../engine/quarantine/quarantine-api.js';
import type { CliEnvironment } from '../cli-environment.js';
import { EXIT_OK, EXIT_RECORDS_REJECTED } from '../exit-codes.js';
import { refuseFieldsOfLines } from '../field-flags.js';
import { Output } from '../output.js';
import { isTruncatedType } from '../record-reader/content-type.js';
import { startBar, startStatusLine } from '../status-line.js';
import { formatCount, formatMs } from '../units.js';
import { UsageError } from '../usage-error.js';
import { type EntryRule, putOfEntry } from './entry-put.js';
import { writeNote } from './note.js';
import { type FilterFlags, filterOf } from './quarantine-flags.js';

export interface ReplayFlags extends FilterFlags, EntryRule {
  readonly fix?: string;
  readonly rate?: number;
  readonly maxAttempts?: number;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

const FAILED = 'failed and stay ("steme quarantine ls" says why)';

type Fix = NonNullable<ReplayOptions['fix']>;

/** `steme quarantine replay`: sends entries the way of `steme ingest`, under the keys that they would have had. Returns the exit code. */
export async function replayCommand(flags: ReplayFlags, environment: CliEnvironment): Promise<number> {
  refuseFieldsOfLines(flags.format, { '--key': flags.key, '--timestamp': flags.timestamp });
  const fix = flags.fix === undefined ? undefined : await loadFix(flags.fix);
  const database = await environment.openDatabase(flags.db, { createIfMissing: false });
  let counts: ReplayCounts | undefined;
  let stopStatus = (): void => {};
  try {
    stopStatus = await startProgress(database, flags, environment, () => counts);
    const result = await database.quarantine.replay(filterOf(flags), (record) => putOfEntry(record, flags), {
      signal: environment.signal,
      by: `steme quarantine replay (process ${process.pid})`,
      fix: repairOf(flags, fix),
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
    if (result.found + result.damaged === 0) writeNote(environment, flags, 'there was nothing to replay');
    return flags.strict === true && result.failed + result.poison + result.damaged > 0
      ? EXIT_RECORDS_REJECTED
      : EXIT_OK;
  } finally {
    stopStatus();
    await database.close();
  }
}

/** A bar on a terminal, or a line where a filter leaves open how many entries there are. */
async function startProgress(
  { quarantine }: Database,
  flags: ReplayFlags,
  environment: CliEnvironment,
  counts: () => ReplayCounts | undefined,
): Promise<() => void> {
  const isJson = flags.json === true;
  const { tenant, from, to, reason, id } = flags;
  if (isJson || environment.stderr.isTTY !== true) return () => {};
  if ([from, to, reason, id].some((filter) => filter !== undefined)) {
    return startStatusLine(environment, isJson, () => describe(counts()));
  }
  let total = 0;
  for await (const one of tenant === undefined ? quarantine.tenants() : [tenant]) {
    total += (await quarantine.stats(one)).entries;
  }
  return startBar(environment, isJson, total, () => {
    const now = counts();
    return { done: (now?.replayed ?? 0) + (now?.failed ?? 0) + (now?.poison ?? 0), text: describe(now) };
  });
}

/**
 * Repairs an entry, and refuses one of which only the beginning is there: stored, it would pass for the whole. A dry run calls no handler, so
 * that what the handler would say is found out here.
 */
function repairOf(flags: ReplayFlags, fix: Fix | undefined): Fix {
  return async (record) => {
    const fixed = await fix?.(record);
    if (fixed === undefined && isTruncatedType(record.contentType)) {
      throw new Error('only the beginning of the record is kept: a --fix must make a whole one of it');
    }
    if (flags.dryRun === true)
      putOfEntry(fixed === undefined ? record : { ...record, payload: Buffer.from(fixed) }, flags);
    return fixed;
  };
}

async function loadFix(path: string): Promise<Fix> {
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
  if (failed > 0) parts.push(`${formatCount(failed)} ${flags.dryRun === true ? 'would fail and stay' : FAILED}`);
  if (poison > 0) parts.push(`${formatCount(poison)} were tried too often (--max-attempts)`);
  if (damaged > 0) parts.push(`${formatCount(damaged)} are damaged`);
  return `${parts.join(', ')}\n`;
}
