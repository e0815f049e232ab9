import type { CheckpointResult } from '../engine/api.js';
import { byteProgressFor } from './byte-progress.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_OK } from './exit-codes.js';
import { Output } from './output.js';
import { formatBytes, formatCount } from './units.js';

export interface CheckpointFlags {
  readonly db: string;
  readonly json?: boolean;
}

/** `steme checkpoint`. Returns the exit code. */
export async function checkpointCommand(
  target: string,
  flags: CheckpointFlags,
  environment: CliEnvironment,
): Promise<number> {
  const database = await environment.openDatabase(flags.db, { createIfMissing: false, autoCompact: false });
  try {
    const progress = byteProgressFor(environment, flags.json === true);
    const onProgress = (at: { bytes: number; totalBytes: number }): void => progress.report(at.bytes, at.totalBytes);
    const result = await database
      .checkpoint(target, { signal: environment.signal, onProgress })
      .finally(() => progress.stop());
    const text = flags.json === true ? `${JSON.stringify(result)}\n` : formatCheckpoint(result);
    await new Output(environment.stdout).write(text);
    return EXIT_OK;
  } finally {
    await database.close();
  }
}

function formatCheckpoint({ directory, sequence, fileCount, bytes, copiedBytes }: CheckpointResult): string {
  const files = `${formatCount(fileCount)} files, ${formatBytes(bytes)}`;
  const way = copiedBytes === 0 ? 'by links' : `${formatBytes(copiedBytes)} of it copied`;
  return `checkpoint at sequence ${formatCount(sequence)} in ${directory} (${files}, ${way})\n`;
}
