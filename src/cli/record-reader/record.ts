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

/** Why a record cannot be taken, to count and filter by. They are kept with rejected records: a code never changes its meaning. */
export type RejectionCode =
  | 'malformed'
  | 'not-utf8'
  | 'wrong-width'
  | 'too-large'
  | 'no-key'
  | 'key-too-long'
  | 'bad-timestamp';

/** Why not: the code, and a sentence for people. */
export interface Complaint {
  readonly code: RejectionCode;
  readonly reason: string;
}

/** A record that cannot be taken, and why. */
export interface Rejection extends Complaint {
  readonly kind: 'rejection';
  readonly raw: RawRecord;
  /** Of a record that could be read, in formats that have fields. */
  readonly fields: Fields | undefined;
}

export type ReadItem = ParsedRecord | Rejection;

/** Turns raw records into values and fields. Does no I/O; a format may remember things between calls (a header). */
export interface RecordFormat {
  read(records: readonly RawRecord[]): ReadItem[];
  /** What says how a record is to be read and stands before the first one, where the format has such a thing; known once it was read. */
  readonly header?: Uint8Array | undefined;
}

export function reject(raw: RawRecord, { code, reason }: Complaint, fields?: Fields): Rejection {
  return { kind: 'rejection', raw, code, reason, fields };
}

/** What is wrong with a record that is larger than `recordBytesMax`, as the splitter found; every format refuses those first. */
export function oversize(raw: RawRecord): Complaint | undefined {
  if (raw.fullBytes === raw.bytes.length) return undefined;
  return { code: 'too-large', reason: `the record has ${raw.fullBytes} bytes, more than a value may have` };
}
