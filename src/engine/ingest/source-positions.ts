/**
 * How far each named source was read, in the tree, written in one batch with the records:
 *
 *     key    system prefix | 3 | name, UTF-8
 *     value  items that have been dealt with, u64
 */
import { readUint64, writeUint64 } from '../../base/bytes.js';
import { CorruptionError } from '../../base/errors.js';
import { KIND_PUT } from '../../base/internal-key.js';
import { SYSTEM_SOURCE_POSITION, systemKey } from '../../base/system-key.js';
import type { SystemStore } from '../quarantine/system-store.js';
import type { Operation } from '../write-queue.js';

const VALUE_BYTES = 8;

export function readPosition(store: SystemStore, name: string): number {
  const value = store.get(keyOf(name));
  if (value === undefined) return 0;
  if (value.length === VALUE_BYTES) return readUint64(value, 0);
  const expected = `a position of ${VALUE_BYTES} bytes`;
  throw new CorruptionError({
    file: `the position of source ${name}`,
    offsetBytes: 0,
    expected,
    found: `${value.length}`,
  });
}

export function positionPut(name: string, position: number): Operation {
  const value = new Uint8Array(VALUE_BYTES);
  writeUint64(value, 0, position);
  return { kind: KIND_PUT, key: keyOf(name), value };
}

/** Under which an item that a named source gave is in the quarantine. */
export function rejectedItemId(name: string, position: number): string {
  return `${name}:${position}`;
}

/**
 * Whether a record came from a named source that is not known to be past it. The source gives it again after a crash, and only the entry
 * tells then that it was dealt with: it must not go, replayed or not. Positions are read once: they only grow.
 */
export function aheadOfSource(store: SystemStore): (record: SourcedRecord) => boolean {
  const positions = new Map<string, number>();
  return ({ id, source, position }) => {
    if (source === '' || position === undefined || id !== rejectedItemId(source, position)) return false;
    const known = positions.get(source) ?? positionOrStart(store, source);
    positions.set(source, known);
    return position >= known;
  };
}

export interface SourcedRecord {
  readonly id: string;
  readonly source: string;
  readonly position: number | undefined;
}

/** One that cannot be read is told to the ingest that needs it. */
function positionOrStart(store: SystemStore, name: string): number {
  try {
    return readPosition(store, name);
  } catch (error) {
    if (error instanceof CorruptionError) return 0;
    throw error;
  }
}

function keyOf(name: string): Uint8Array {
  return systemKey(SYSTEM_SOURCE_POSITION, Buffer.from(name, 'utf8'));
}
