import type { CliEnvironment } from './cli-environment.js';
import { EXIT_OK } from './exit-codes.js';
import { openForReading, type ReadFlags } from './open-for-reading.js';
import { Output } from './output.js';
import { formatStats } from './stats-report.js';

export interface StatsFlags extends ReadFlags {
  readonly json?: boolean;
}

/** `steme stats`. Returns the exit code. */
export async function statsCommand(flags: StatsFlags, environment: CliEnvironment): Promise<number> {
  const database = await openForReading(flags, environment);
  try {
    const stats = database.stats();
    await new Output(environment.stdout).write(flags.json === true ? `${JSON.stringify(stats)}\n` : formatStats(stats));
    return EXIT_OK;
  } finally {
    await database.close();
  }
}
