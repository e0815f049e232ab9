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

function keyOf(name: string): Uint8Array {
  return systemKey(SYSTEM_SOURCE_POSITION, Buffer.from(name, 'utf8'));
}
