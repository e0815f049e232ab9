import { MIB } from '../../base/limits.js';
import type { Database } from '../../engine/api.js';
import type { CliEnvironment } from '../cli-environment.js';
import { EXIT_INTERRUPTED, EXIT_KEY_NOT_FOUND, EXIT_OK } from '../exit-codes.js';
import { openForReading, type ReadFlags } from '../open-for-reading.js';
import { Output } from '../output.js';
import { printable } from '../printable.js';
import { formatTable } from '../table-printer.js';
import { formatBytes, formatCount } from '../units.js';
import { jsonLine, textLine } from './entry-lines.js';
import { writeNote } from './note.js';
import { type FilterFlags, filterOf } from './quarantine-flags.js';

export interface ListFlags extends FilterFlags, ReadFlags {
  readonly limit?: number;
  readonly all?: boolean;
}

const PAGE_BYTES = MIB / 4;

/** `steme quarantine ls`: an entry a line. */
export function listCommand(flags: ListFlags, environment: CliEnvironment): Promise<number> {
  return printEntries(flags, environment, flags.json === true ? jsonLine : textLine);
}

/** `steme quarantine export`: an entry a line, whole, as JSON. */
export function exportCommand(flags: ListFlags, environment: CliEnvironment): Promise<number> {
  return printEntries(flags, environment, jsonLine);
}

async function printEntries(flags: ListFlags, environment: CliEnvironment, format: typeof textLine): Promise<number> {
  return withReader(flags, environment, async (database) => {
    const output = new Output(environment.stdout);
    const { limit, all } = flags;
    let page = '';
    let count = 0;
    const entries = database.quarantine.list({
      ...filterOf(flags),
      ...(limit !== undefined && { limit }),
      includeReplayed: all === true,
    });
    for await (const record of entries) {
      if (output.closed) return EXIT_OK;
      if (environment.signal.aborted) return EXIT_INTERRUPTED;
      page += format(record);
      count++;
      if (page.length < PAGE_BYTES) continue;
      await output.write(page);
      page = '';
    }
    await output.write(page);
    if (count === 0) writeNote(environment, flags, emptinessOf(flags));
    return EXIT_OK;
  });
}

/** Why there is nothing to print. */
function emptinessOf(flags: ListFlags): string {
  if (Object.keys(filterOf(flags)).length > 0)
    return 'no entry matches; "steme quarantine tenants" tells what there is';
  return flags.all === true ? 'the quarantine is empty' : 'nothing is in quarantine; --all shows what was replayed';
}

/** `steme quarantine show ID`: the record byte for byte, or with `--json` all that is known of it. */
export async function showCommand(
  id: string,
  flags: ReadFlags & { readonly tenant: string; readonly json?: boolean },
  environment: CliEnvironment,
): Promise<number> {
  return withReader(flags, environment, async (database) => {
    const record = await database.quarantine.get({ tenant: flags.tenant, id });
    if (record === undefined) {
      const message = `the quarantine of ${printable(Buffer.from(flags.tenant))} has no entry ${printable(Buffer.from(id))}`;
      const report =
        flags.json === true
          ? JSON.stringify({ error: { code: 'ENTRY_NOT_FOUND', message } })
          : `steme: ${message}\nhint: "steme quarantine ls" tells the ids`;
      await new Output(environment.stderr).write(`${report}\n`);
      return EXIT_KEY_NOT_FOUND;
    }
    const output = new Output(environment.stdout);
    await output.write(flags.json === true ? jsonLine(record) : record.payload);
    if (flags.json !== true && output.isTerminal) await output.write('\n');
    return EXIT_OK;
  });
}

/** `steme quarantine tenants`: a row a tenant. */
export async function tenantsCommand(
  flags: ReadFlags & { readonly json?: boolean },
  environment: CliEnvironment,
): Promise<number> {
  return withReader(flags, environment, async (database) => {
    const output = new Output(environment.stdout);
    const rows: string[][] = [];
    for await (const tenant of database.quarantine.tenants()) {
      const stats = await database.quarantine.stats(tenant);
      if (flags.json === true) await output.write(`${JSON.stringify(stats)}\n`);
      const { entries, replayedEntries, payloadBytes, segments } = stats;
      rows.push([
        printable(Buffer.from(tenant)),
        formatCount(entries),
        formatCount(replayedEntries),
        formatBytes(payloadBytes),
        formatCount(segments),
      ]);
    }
    if (rows.length === 0) writeNote(environment, flags, 'the quarantine has no tenants');
    else if (flags.json !== true)
      await output.write(formatTable(['tenant', 'entries', 'replayed', 'bytes', 'segments'], rows));
    return EXIT_OK;
  });
}

/** `steme quarantine audits`: a replay a line, as JSON. */
export async function auditsCommand(
  flags: ReadFlags & { readonly json?: boolean },
  environment: CliEnvironment,
): Promise<number> {
  return withReader(flags, environment, async (database) => {
    const output = new Output(environment.stdout);
    let count = 0;
    for await (const audit of database.quarantine.audits()) {
      await output.write(`${JSON.stringify(audit)}\n`);
      count++;
    }
    if (count === 0) writeNote(environment, flags, 'nothing was replayed yet');
    return EXIT_OK;
  });
}

/** `steme quarantine purge`: removes whole segments of what was appended before. */
export async function purgeCommand(
  flags: { readonly db: string; readonly tenant: string; readonly before: Date; readonly json?: boolean },
  environment: CliEnvironment,
): Promise<number> {
  const database = await environment.openDatabase(flags.db, { createIfMissing: false });
  try {
    const entries = await database.quarantine.purge({ tenant: flags.tenant, before: flags.before });
    const text = flags.json === true ? JSON.stringify({ entries }) : `removed ${formatCount(entries)} entries`;
    await new Output(environment.stdout).write(`${text}\n`);
    if (entries === 0) writeNote(environment, flags, 'no segment of the tenant has only entries from before that');
    return EXIT_OK;
  } finally {
    await database.close();
  }
}

async function withReader(
  flags: ReadFlags,
  environment: CliEnvironment,
  work: (database: Database) => Promise<number>,
): Promise<number> {
  const database = await openForReading(flags, environment);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
