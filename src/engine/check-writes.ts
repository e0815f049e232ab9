import { compareBytes, EMPTY_BYTES } from '../base/bytes.js';
import { InvalidOptionsError, StemeError } from '../base/errors.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING, KIND_RANGE_DELETE } from '../base/internal-key.js';
import { ARENA_BYTES_MAX, BATCH_BYTES_MAX, KEY_BYTES_MAX, TTL_MS_MAX } from '../base/limits.js';
import { storedValue } from '../base/stored-value.js';
import { SYSTEM_KEYS_START } from '../base/system-key.js';
import { Memtable } from '../memtable/memtable.js';
import { earlierKey } from '../read/bounds.js';
import type { BatchOperation, BytesLike, WriteOptions } from './api.js';
import { boundBytes, keyBytes, valueBytes } from './user-bytes.js';
import type { Operation } from './write-queue.js';
import { abortError } from './write-queue.js';

/** Before it there is no key: an empty bound means the same. */
const SMALLEST_KEY = Uint8Array.of(0);

/** Every problem at once. Errors: STEME_INVALID_OPTION, and STEME_ABORTED for a signal that is aborted already. */
export function checkWriteOptions(options: WriteOptions | undefined, takesTtl: boolean): void {
  if (options === undefined) return;
  const { ttlMs, signal, maxDelayMs } = options;
  // The common case: nothing but `sync`.
  if (ttlMs === undefined && signal === undefined && maxDelayMs === undefined) return;
  const problems = writeOptionProblems(options, takesTtl);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  if (signal?.aborted === true) throw abortError(signal);
}

export function writeOptionProblems({ ttlMs, signal, maxDelayMs }: WriteOptions, takesTtl: boolean): string[] {
  const problems = ttlMs === undefined ? [] : ttlProblems(ttlMs, takesTtl);
  if (signal !== undefined && !(signal instanceof AbortSignal)) problems.push('signal must be an AbortSignal');
  if (maxDelayMs !== undefined && !(maxDelayMs >= 0)) problems.push(`maxDelayMs must be 0 or more, got ${maxDelayMs}`);
  return problems;
}

export function ttlProblems(ttlMs: number, takesTtl: boolean): string[] {
  if (!takesTtl) return ['ttlMs is only for puts'];
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX) return [];
  return [`ttlMs must be a whole number from 1 to ${TTL_MS_MAX}, got ${ttlMs}`];
}

/** Of one put with this time to live of its own. Errors: STEME_INVALID_OPTION. */
export function expiryOf(ttlMs: number | undefined, { expiresAtMs, nowMs }: Expiry): number | undefined {
  if (ttlMs === undefined) return expiresAtMs;
  const problems = ttlProblems(ttlMs, true);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return nowMs() + ttlMs;
}

export function putOperation(key: BytesLike, value: BytesLike, expiresAtMs: number | undefined): Operation {
  const checkedKey = keyBytes(key);
  const checkedValue = valueBytes(value);
  if (expiresAtMs === undefined) return { kind: KIND_PUT, key: checkedKey, value: checkedValue };
  return { kind: KIND_PUT_EXPIRING, key: checkedKey, value: storedValue(expiresAtMs, checkedValue) };
}

export function deleteOperation(key: BytesLike): Operation {
  return { kind: KIND_DELETE, key: keyBytes(key), value: EMPTY_BYTES };
}

/** Undefined for an empty range: there is nothing to write. Errors: STEME_INVALID_RANGE. */
export function rangeDeleteOperation(gte: BytesLike, lt: BytesLike): Operation | undefined {
  const start = rangeBound('gte', gte);
  const end = rangeBound('lt', lt);
  const userEnd = earlierKey(end, SYSTEM_KEYS_START);
  const order = compareBytes(start, end);
  if (order > 0)
    throw new StemeError('STEME_INVALID_RANGE', 'the range of a delete ends before it starts: gte is above lt');
  if (compareBytes(start, userEnd) >= 0 || compareBytes(end, SMALLEST_KEY) <= 0) return undefined;
  return { kind: KIND_RANGE_DELETE, key: start.length === 0 ? SMALLEST_KEY : start, value: userEnd };
}

function rangeBound(name: string, bound: BytesLike): Uint8Array {
  const bytes = boundBytes(name, bound);
  if (bytes === undefined) throw new StemeError('STEME_INVALID_RANGE', `a range delete needs ${name}`);
  if (bytes.length <= KEY_BYTES_MAX) return bytes;
  throw new StemeError('STEME_INVALID_RANGE', `${name} has at most ${KEY_BYTES_MAX} bytes, got ${bytes.length}`);
}

/** When puts expire. */
export interface Expiry {
  /** Of those without a time to live of their own; undefined: never. */
  readonly expiresAtMs: number | undefined;
  readonly nowMs: () => number;
}

/** Everything of a batch that is to be written. Errors: STEME_INVALID_BATCH, _KEY, _VALUE, _RANGE, _OPTION. */
export function checkBatch(operations: readonly BatchOperation[], expiry: Expiry): Operation[] {
  if (!Array.isArray(operations)) throw new StemeError('STEME_INVALID_BATCH', 'a batch is an array of operations');
  const checked: Operation[] = [];
  let bytes = 0;
  for (let index = 0; index < operations.length; index++) {
    const result = checkOperation(operations[index], index, expiry);
    if (result === undefined) continue;
    bytes += result.key.length + result.value.length;
    checked.push(result);
  }
  checkBatchSize(checked.length, bytes);
  return checked;
}

export function checkBatchSize(count: number, bytes: number): void {
  if (bytes > BATCH_BYTES_MAX) {
    throw new StemeError('STEME_INVALID_BATCH', `a batch has at most ${BATCH_BYTES_MAX} bytes, got ${bytes}`);
  }
  const memoryBytes = Memtable.boundBytes(count, bytes);
  if (memoryBytes > ARENA_BYTES_MAX) {
    const message = `a batch of ${count} operations may need ${memoryBytes} bytes of memory; at most ${ARENA_BYTES_MAX} are allowed`;
    throw new StemeError('STEME_INVALID_BATCH', message);
  }
}

function checkOperation(operation: BatchOperation, index: number, expiry: Expiry): Operation | undefined {
  switch (operation?.type) {
    case 'put':
      return putOperation(operation.key, operation.value, expiryOf(operation.ttlMs, expiry));
    case 'del':
      return deleteOperation(operation.key);
    case 'delRange':
      return rangeDeleteOperation(operation.gte, operation.lt);
    default: {
      const message = `operation ${index} of the batch must have type 'put', 'del' or 'delRange'`;
      throw new StemeError('STEME_INVALID_BATCH', message);
    }
  }
}
