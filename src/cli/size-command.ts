import type { CliEnvironment } from './cli-environment.js';
import { EXIT_OK } from './exit-codes.js';
import { Output } from './output.js';
import { formatBytes } from './units.js';

export interface SizeFlags {
  readonly db: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly json?: boolean;
}

/** `steme size`. Returns the exit code. */
export async function sizeCommand(flags: SizeFlags, environment: CliEnvironment): Promise<number> {
  const database = await environment.openDatabase(flags.db, { readOnly: true, createIfMissing: false });
  try {
    const bytes = await database.approximateSize({ gte: flags.gte, lt: flags.lt });
    const text = flags.json === true ? JSON.stringify({ bytes }) : `about ${formatBytes(bytes)}`;
    await new Output(environment.stdout).write(`${text}\n`);
    return EXIT_OK;
  } finally {
    await database.close();
  }
}
