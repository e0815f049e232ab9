/**
 * Keys of the engine itself stand in the one tree with those of users, so that one batch can write both: all keys that start with
 * sixteen bytes of 0xff. Nothing else sorts behind the first of them, so that a scan of the user's keys ends where they begin.
 */
const PREFIX_BYTES = 16;

/** The first of them; no key of a user is here or behind. */
export const SYSTEM_KEYS_START: Uint8Array = new Uint8Array(PREFIX_BYTES).fill(0xff);

/** What follows the prefix. Stored on disk, never renumbered. */
export const SYSTEM_QUARANTINE_MARK = 1;
export const SYSTEM_REPLAY_AUDIT = 2;
export const SYSTEM_SOURCE_POSITION = 3;

type SystemKind = typeof SYSTEM_QUARANTINE_MARK | typeof SYSTEM_REPLAY_AUDIT | typeof SYSTEM_SOURCE_POSITION;

export function isSystemKey(key: Uint8Array): boolean {
  if (key.length < PREFIX_BYTES) return false;
  for (let i = 0; i < PREFIX_BYTES; i++) if (key[i] !== 0xff) return false;
  return true;
}

export function systemKey(kind: SystemKind, ...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([SYSTEM_KEYS_START, Uint8Array.of(kind), ...parts]);
}

/** Where the parts of such a key begin. */
export const SYSTEM_KEY_PARTS_AT = PREFIX_BYTES + 1;
