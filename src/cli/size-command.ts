import type { CliEnvironment } from './cli-environment.js';
import { EXIT_OK } from './exit-codes.js';
import { openForReading, type ReadFlags } from './open-for-reading.js';
import { Output } from './output.js';
import { formatBytes } from './units.js';

export interface SizeFlags extends ReadFlags {
  readonly gte?: string;
  readonly lt?: string;
  readonly json?: boolean;
}

/** `steme size`. Returns the exit code. */
export async function sizeCommand(flags: SizeFlags, environment: CliEnvironment): Promise<number> {
  const database = await openForReading(flags, environment);
  try {
    const bytes = await database.approximateSize({ gte: flags.gte, lt: flags.lt });
    const text = flags.json === true ? JSON.stringify({ bytes }) : `about ${formatBytes(bytes)}`;
    await new Output(environment.stdout).write(`${text}\n`);
    return EXIT_OK;
  } finally {
    await database.close();
  }
}
