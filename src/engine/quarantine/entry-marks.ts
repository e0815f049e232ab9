/**
 * What became of quarantined entries, in the tree beside the records, so that one batch writes a record and says that its entry is done:
 *
 *     key    system prefix | 1 | length of the tenant id, u16 | tenant id | number of the last entry, u64, both big-endian
 *     value  size  type  field
 *               1  u8    format version, 1
 *               1  u8    1: these entries are done; 2: this entry has failed
 *               2        zero
 *               4  u32   entries that are done, or replays that failed
 *               8  u64   number of the first entry: all entries of the tenant from there to the last are done
 *               8  u64   when, milliseconds since 1970
 *               …        why it failed, UTF-8
 *
 * No two marks of a tenant cover the same entry.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../../base/bytes.js';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { SYSTEM_QUARANTINE_MARK, systemKey } from '../../base/system-key.js';

const FORMAT_VERSION = 1;
const FIXED_BYTES = 24;
const NUMBER_BYTES = 8;

/** Stored on disk, never renumbered. */
const STATES = { done: 1, failed: 2 } as const;
/** Of a message that is kept with a failure. */
const ERROR_CHARACTERS_MAX = 500;

export interface EntryMark {
  readonly state: 'done' | 'failed';
  readonly firstEntry: number;
  readonly lastEntry: number;
  /** Entries that are done, or replays that failed. */
  readonly count: number;
  readonly atMs: number;
  /** Empty for entries that are done. */
  readonly error: string;
}

/** The key of the mark of `tenant` that ends with entry `lastEntry`: with 0 it is before all of them. */
export function markKey(tenant: string, lastEntry: number): Uint8Array {
  const tenantBytes = Buffer.from(tenant, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(tenantBytes.length);
  const number = Buffer.alloc(NUMBER_BYTES);
  number.writeBigUInt64BE(BigInt(lastEntry));
  return systemKey(SYSTEM_QUARANTINE_MARK, length, tenantBytes, number);
}

export function encodeMark({ state, firstEntry, count, atMs, error }: EntryMark): Uint8Array {
  const text = Buffer.from(error.slice(0, ERROR_CHARACTERS_MAX), 'utf8');
  const value = new Uint8Array(FIXED_BYTES + text.length);
  value[0] = FORMAT_VERSION;
  value[1] = STATES[state];
  writeUint32(value, 4, count);
  writeUint64(value, 8, firstEntry);
  writeUint64(value, 16, atMs);
  value.set(text, FIXED_BYTES);
  return value;
}

/** Of a key that `markKey` made. */
export function lastEntryOf(key: Uint8Array): number {
  const keyBytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  return Number(keyBytes.readBigUInt64BE(key.length - NUMBER_BYTES));
}

/** Of a key that `markKey` made. Errors: STEME_UNSUPPORTED, STEME_CORRUPTION. */
export function decodeMark(key: Uint8Array, value: Uint8Array): EntryMark {
  const lastEntry = lastEntryOf(key);
  const malformed = (expected: string, found: string): CorruptionError => {
    const file = `the mark that ends with entry ${lastEntry} of the quarantine`;
    return new CorruptionError({ file, offsetBytes: 0, expected, found });
  };
  if (value.length < FIXED_BYTES) throw malformed(`a mark of ${FIXED_BYTES} bytes or more`, `${value.length}`);
  if (value[0] !== FORMAT_VERSION) {
    const message = `a mark of the quarantine has format version ${value[0]}; this package reads version ${FORMAT_VERSION}: upgrade it`;
    throw new StemeError('STEME_UNSUPPORTED', message);
  }
  const firstEntry = readUint64(value, 8);
  if (value[1] !== STATES.done && value[1] !== STATES.failed) throw malformed('a known state', `${value[1]}`);
  if (firstEntry > lastEntry) throw malformed(`a first entry up to ${lastEntry}`, `${firstEntry}`);
  return {
    state: value[1] === STATES.done ? 'done' : 'failed',
    firstEntry,
    lastEntry,
    count: readUint32(value, 4),
    atMs: readUint64(value, 16),
    error: Buffer.from(value.subarray(FIXED_BYTES)).toString('utf8'),
  };
}
