import type { Database } from '../engine/api.js';
import type { CliEnvironment } from './cli-environment.js';

/** Of every command that only reads. */
export interface ReadFlags {
  readonly db: string;
  readonly readAround?: boolean;
}

/** Opens the database of `--db` without ever writing to it. */
export function openForReading({ db, readAround }: ReadFlags, environment: CliEnvironment): Promise<Database> {
  const onDamage = readAround === true ? 'read-around' : 'refuse';
  return environment.openDatabase(db, { readOnly: true, createIfMissing: false, onDamage });
}
