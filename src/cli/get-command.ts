import { jsonBytes } from '../base/json-bytes.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_KEY_NOT_FOUND, EXIT_OK } from './exit-codes.js';
import { openForReading, type ReadFlags } from './open-for-reading.js';
import { Output } from './output.js';
import { printable } from './printable.js';

export interface GetFlags extends ReadFlags {
  readonly json?: boolean;
}

/** `steme get`. The value goes out byte for byte; on a terminal a newline follows. Returns the exit code. */
export async function getCommand(key: string, flags: GetFlags, environment: CliEnvironment): Promise<number> {
  const database = await openForReading(flags, environment);
  try {
    const value = await database.get(key);
    if (value === undefined) return await reportMissing(key, flags, environment);
    const output = new Output(environment.stdout);
    if (flags.json === true) {
      await output.write(`${JSON.stringify({ key, value: jsonBytes(value) })}\n`);
    } else {
      await output.write(value);
      if (output.isTerminal) await output.write('\n');
    }
    return EXIT_OK;
  } finally {
    await database.close();
  }
}

async function reportMissing(key: string, flags: GetFlags, environment: CliEnvironment): Promise<number> {
  const message = `the key ${printable(Buffer.from(key))} is not in ${flags.db}`;
  const report =
    flags.json === true ? JSON.stringify({ error: { code: 'KEY_NOT_FOUND', message } }) : `steme: ${message}`;
  await new Output(environment.stderr).write(`${report}\n`);
  return EXIT_KEY_NOT_FOUND;
}
