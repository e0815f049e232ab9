import type { DatabaseStats } from '../engine/api.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.js';
import { Output } from './output.js';
import { startStatusLine } from './status-line.js';
import { formatBytes } from './units.js';

export interface CompactFlags {
  readonly db: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly json?: boolean;
}

/** `steme compact`. Returns the exit code. */
export async function compactCommand(flags: CompactFlags, environment: CliEnvironment): Promise<number> {
  const { signal } = environment;
  const database = await environment.openDatabase(flags.db, { createIfMissing: false });
  // A merge is not cut short; closing starts no other one, and whoever waits hears of it.
  const stop = (): void => void database.close().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return EXIT_INTERRUPTED;
    const before = storedBytes(database.stats());
    const endStatus = startStatusLine(environment, flags.json === true, () => statusOf(database.stats()));
    await database.compact({ gte: flags.gte, lt: flags.lt }).finally(endStatus);
    const stats = database.stats();
    await report(before, stats, flags, environment);
    return EXIT_OK;
  } catch (error) {
    if (signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await database.close();
  }
}

function storedBytes({ levels }: DatabaseStats): number {
  return levels.reduce((sum, level) => sum + level.storedBytes, 0);
}

function statusOf({ compactions }: DatabaseStats): string {
  const { runningCount, readBytes, storedBytes: written } = compactions;
  return `${runningCount} running | ${formatBytes(readBytes)} read | ${formatBytes(written)} written`;
}

async function report(
  beforeBytes: number,
  stats: DatabaseStats,
  { json }: CompactFlags,
  environment: CliEnvironment,
): Promise<void> {
  const afterBytes = storedBytes(stats);
  const { readBytes, storedBytes: writtenBytes } = stats.compactions;
  const summary = { beforeBytes, afterBytes, readBytes, writtenBytes };
  const text = `compacted: ${formatBytes(beforeBytes)} of tables before, ${formatBytes(afterBytes)} now\n`;
  await new Output(environment.stdout).write(json === true ? `${JSON.stringify(summary)}\n` : text);
}
