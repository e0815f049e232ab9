import { EMPTY_BYTES } from '../../src/base/bytes.js';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import type { PointResult } from '../../src/base/point-result.js';
import { LOOKUP_FOUND, LOOKUP_MISSING } from '../../src/base/point-result.js';
import { Arena } from '../../src/memtable/arena.js';
import type { Memtable } from '../../src/memtable/memtable.js';

export interface ModelRecord {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly kind: number;
  readonly value: Uint8Array;
}

/** What a memtable must agree with: an array in the order of internal keys, and a place in it. Slow and plain. */
export class MemtableModel {
  readonly records: ModelRecord[] = [];
  /** Index of the record that a walk stands on, or -1. */
  place = -1;

  insert(record: ModelRecord): void {
    let at = 0;
    while (at < this.records.length && compareRecords(this.records[at], record) < 0) at++;
    this.records.splice(at, 0, record);
    if (this.place >= at) this.place++;
  }

  /** The newest version of `key` at or below `sequenceMax`. */
  find(key: Uint8Array, sequenceMax: number): ModelRecord | undefined {
    return this.records.find((record) => Buffer.compare(record.key, key) === 0 && record.sequence <= sequenceMax);
  }

  /** The records of each key, newest first. */
  versionsByKey(): ModelRecord[][] {
    const groups: ModelRecord[][] = [];
    for (const record of this.records) {
      const group = groups.at(-1);
      if (group !== undefined && Buffer.compare(group[0].key, record.key) === 0) group.push(record);
      else groups.push([record]);
    }
    return groups;
  }

  seek(key: Uint8Array): void {
    this.place = this.records.findIndex((record) => Buffer.compare(record.key, key) >= 0);
  }

  seekBefore(key: Uint8Array): void {
    this.place = this.records.findLastIndex((record) => Buffer.compare(record.key, key) < 0);
  }

  seekToFirst(): void {
    this.place = this.records.length === 0 ? -1 : 0;
  }

  seekToLast(): void {
    this.place = this.records.length - 1;
  }

  next(): void {
    if (this.place !== -1) this.place = this.place + 1 < this.records.length ? this.place + 1 : -1;
  }

  prev(): void {
    if (this.place !== -1) this.place--;
  }

  current(): string {
    return this.place === -1 ? 'invalid' : describeRecord(this.records[this.place]);
  }

  all(sequenceMax = Number.POSITIVE_INFINITY): string[] {
    return this.records.filter((record) => record.sequence <= sequenceMax).map(describeRecord);
  }
}

export function compareRecords(a: ModelRecord, b: ModelRecord): number {
  return Buffer.compare(a.key, b.key) || b.sequence - a.sequence;
}

export function describeRecord(record: ModelRecord): string {
  return `${toHex(record.key)}@${record.sequence}:${record.kind}=${toHex(record.value)}`;
}

export function describeCurrent(iterator: InternalIterator): string {
  if (!iterator.valid) return 'invalid';
  const key = iterator.keySource.subarray(iterator.keyStart, iterator.keyEnd);
  const value = iterator.valueSource.subarray(iterator.valueStart, iterator.valueEnd);
  return describeRecord({ key, sequence: iterator.sequence, kind: iterator.kind, value });
}

/** From where the iterator stands to the end, what a reader at `sequenceMax` sees. */
export function collectForward(iterator: InternalIterator, sequenceMax = Number.POSITIVE_INFINITY): string[] {
  return collect(iterator, sequenceMax, () => iterator.next());
}

export function collectBackward(iterator: InternalIterator, sequenceMax = Number.POSITIVE_INFINITY): string[] {
  return collect(iterator, sequenceMax, () => iterator.prev());
}

const STEPS_MAX = 100_000;

function collect(iterator: InternalIterator, sequenceMax: number, move: () => void): string[] {
  const seen: string[] = [];
  for (let steps = 0; iterator.valid; steps++, move()) {
    // A broken link can lead round in a circle, and then a test should fail, not hang.
    if (steps === STEPS_MAX) throw new Error('the iterator does not come to an end');
    if (iterator.sequence <= sequenceMax) seen.push(describeCurrent(iterator));
  }
  return seen;
}

/** The answer of a point lookup in the words of `describeRecord`, or 'missing'. */
export function describeGet(memtable: Memtable, key: Uint8Array, sequenceMax: number): string {
  const result = emptyResult();
  if (!memtable.get(key, 0, sequenceMax, result)) return 'missing';
  const value = result.source.subarray(result.start, result.end);
  const kind = result.state === LOOKUP_FOUND ? KIND_PUT : KIND_DELETE;
  return describeRecord({ key, sequence: result.sequence, kind, value });
}

export function emptyResult(): PointResult {
  return { state: LOOKUP_MISSING, source: EMPTY_BYTES, start: 0, end: 0, sequence: 0, kind: 0 };
}

export function insertRecord(memtable: Memtable, { key, sequence, kind, value }: ModelRecord): void {
  memtable.insert(sequence, kind, key, 0, key.length, value, 0, value.length);
}

/** An arena over ordinary memory full of garbage: what a recycled one looks like, and free to make by the thousand. */
export function createDirtyArena(limitBytes: number): Arena {
  const arena = new Arena(new ArrayBuffer(limitBytes), limitBytes);
  arena.bytes.fill(0xa5);
  arena.reset();
  return arena;
}

export function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
