import { StemeError, systemCodeOf } from '../base/errors.js';

/** What goes away by itself when somebody makes room. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT']);
/** A chain of causes that is longer goes in a circle. */
const CAUSES_MAX = 32;

export function isDiskFull(error: unknown): boolean {
  return FULL_CODES.has(systemCodeOf(error) ?? '');
}

/** A sync that failed is final (law 7), whatever the reason: what was written before it may be gone. */
class SyncError extends StemeError {}

/** Waits for `sync` and marks its failure as one that room does not heal. */
export async function synced(sync: Promise<void>): Promise<void> {
  try {
    await sync;
  } catch (cause) {
    throw new SyncError('STEME_IO', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Only room was missing for something new, and nothing that was written before is in doubt: it can be done when there is some. */
export function isHealedByRoom(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++, current = current.cause) {
    if (current instanceof SyncError) return false;
  }
  return isDiskFull(error);
}

/** What to do about a database that this failure has turned read-only. */
export function wayOut(error: unknown): string {
  return isHealedByRoom(error)
    ? 'the database is read-only until there is room and resume() is called, or it is reopened'
    : 'the database is read-only until it is reopened';
}
