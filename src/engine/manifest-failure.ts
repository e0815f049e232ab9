import { StemeError } from '../base/errors.js';

/** What the database has come to when an edit could not be made durable (law 7). */
export function manifestFailure(cause: unknown): StemeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the manifest could not be written (${reason}); the database is read-only until it is reopened`;
  return new StemeError('STEME_BACKGROUND', message, { cause });
}
