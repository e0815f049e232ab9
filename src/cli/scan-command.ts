import { jsonBytes } from '../base/json-bytes.js';
import { MIB } from '../base/limits.js';
import type { Entry, EntryIterator } from '../engine/api.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.js';
import { openForReading, type ReadFlags } from './open-for-reading.js';
import { Output } from './output.js';
import { printable } from './printable.js';

export interface ScanFlags extends ReadFlags {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly json?: boolean;
}

const PAGE_ENTRIES_MAX = 1000;
const PAGE_ENTRIES_FIRST = 16;
const PAGE_BYTES_TARGET = MIB;

/** `steme scan`: one entry a line, key and value with a tab between, or one JSON object a line. Returns the exit code. */
export async function scanCommand(flags: ScanFlags, environment: CliEnvironment): Promise<number> {
  const database = await openForReading(flags, environment);
  try {
    const { gt, gte, lt, lte, reverse, limit } = flags;
    const iterator = database.iterator({ gt, gte, lt, lte, reverse, limit, values: flags.keysOnly !== true });
    try {
      return await printEntries(iterator, flags, environment);
    } finally {
      await iterator.close();
    }
  } finally {
    await database.close();
  }
}

async function printEntries(iterator: EntryIterator, flags: ScanFlags, environment: CliEnvironment): Promise<number> {
  const output = new Output(environment.stdout);
  const format = flags.json === true ? jsonLine : textLine;
  let pageEntries = PAGE_ENTRIES_FIRST;
  while (!output.closed) {
    if (environment.signal.aborted) return EXIT_INTERRUPTED;
    const entries = await iterator.nextv(pageEntries);
    if (entries.length === 0) break;
    await output.write(entries.map((entry) => format(entry, flags.keysOnly === true)).join(''));
    pageEntries = nextPageEntries(entries);
  }
  return EXIT_OK;
}

/** Pages of about a mebibyte, whatever the size of the values (law 8). */
function nextPageEntries(entries: readonly Entry[]): number {
  const bytes = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const fitting = Math.floor((entries.length * PAGE_BYTES_TARGET) / Math.max(bytes, 1));
  return Math.max(1, Math.min(PAGE_ENTRIES_MAX, fitting));
}

function textLine([key, value]: Entry, keysOnly: boolean): string {
  return keysOnly ? `${printable(key)}\n` : `${printable(key)}\t${printable(value)}\n`;
}

function jsonLine([key, value]: Entry, keysOnly: boolean): string {
  const entry = keysOnly ? { key: jsonBytes(key) } : { key: jsonBytes(key), value: jsonBytes(value) };
  return `${JSON.stringify(entry)}\n`;
}
