import { commonPrefixLength, compareRanges, copyRange, readUint32 } from '../../src/base/bytes.js';
import { readVarint, writeVarint } from '../../src/base/varint.js';
import { hashKey } from '../../src/table/key-hash.js';
import { KEY_BYTES } from './micro-records.js';

const ROUNDS = 20_000;

/**
 * The engine hands its byte functions arrays of three kinds: plain ones, users' Buffers, and arrays over shared memory. In a process
 * that has seen one kind only, the compiler makes code for that one, which no database will ever run. So each micro starts after all
 * have been seen. What iterators see, the micros themselves say: `merge/2-memtables-2-tables` mixes them, `merge/4-tables` does not.
 */
export function seeAllArrays(): number {
  const arrays = [new Uint8Array(64), Buffer.alloc(64), new Uint8Array(new SharedArrayBuffer(64))];
  const cursor = { position: 0 };
  let sum = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const a = arrays[i % 3];
    const b = arrays[(i + (i >> 2)) % 3];
    sum += compareRanges(a, 0, KEY_BYTES, b, 0, KEY_BYTES);
    sum += commonPrefixLength(a, 0, KEY_BYTES, b, 0, KEY_BYTES);
    copyRange(a, 0, KEY_BYTES, b, 32);
    cursor.position = 48;
    writeVarint(a, 48, i);
    sum += readVarint(a, cursor, 64) + readUint32(b, 0) + hashKey(a, 0, KEY_BYTES);
  }
  return sum;
}
