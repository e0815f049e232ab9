import { StemeError } from '../base/errors.js';
import { wayOut } from '../fs/disk-full.js';

/** What the database has come to when an edit could not be made durable. */
export function manifestFailure(cause: unknown): StemeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the manifest could not be written (${reason}); ${wayOut(cause)}`;
  return new StemeError('STEME_BACKGROUND', message, { cause });
}
