/** One record as it stands in the source, line ending removed. */
export interface RawRecord {
  /** The line that it starts on, from 1. */
  readonly line: number;
  /** The record, or only its beginning when it is larger than the limit. */
  readonly bytes: Uint8Array;
  /** Its length in the source. More than `bytes.length` when it is larger than the limit. */
  readonly fullBytes: number;
}

/** Named values of a record; `undefined` where there is none of that name. */
export interface Fields {
  get(name: string): unknown;
}

export interface ParsedRecord {
  readonly kind: 'record';
  readonly raw: RawRecord;
  /** What is stored. */
  readonly value: Uint8Array;
  /** What keys are made from, in formats that have fields. */
  readonly fields: Fields | undefined;
}

/** A record that cannot be taken, and why. */
export interface Rejection {
  readonly kind: 'rejection';
  readonly raw: RawRecord;
  readonly reason: string;
}

export type ReadItem = ParsedRecord | Rejection;

/** Turns raw records into values and fields. Does no I/O; a format may remember things between calls (a header). */
export interface RecordFormat {
  read(records: readonly RawRecord[]): ReadItem[];
}

export function reject(raw: RawRecord, reason: string): Rejection {
  return { kind: 'rejection', raw, reason };
}

/** The reason if the record is larger than `recordBytesMax`, as the splitter found; every format refuses those first. */
export function oversizeReason(raw: RawRecord): string | undefined {
  if (raw.fullBytes === raw.bytes.length) return undefined;
  return `the record has ${raw.fullBytes} bytes, more than a value may have`;
}
