import { xxh3 } from '@node-rs/xxhash';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { Complaint, Fields, ParsedRecord } from './record-reader/record.js';
import { sortableTimestamp } from './record-timestamp.js';

/** A key, or why there is none. */
export type KeyResult = { readonly key: Buffer } | Complaint;

type TextResult = { readonly text: string } | Complaint;

export interface KeyRule {
  /** Names the source in keys that are made of positions. */
  readonly sourceName: string;
  readonly keyField: string | undefined;
  readonly timestampField: string | undefined;
}

/** Lines up to 10^12 - 1 sort by number. */
const LINE_DIGITS = 12;

/**
 * The key of a record. It depends on nothing but the data and its position, so that the same source ingested twice gives
 * the same keys:
 *
 * | given | key |
 * | --- | --- |
 * | neither field | `<source name>:<line, 12 digits>` |
 * | key field | its value |
 * | timestamp field | `<sortable timestamp>/<hash of the value, 32 hex digits>` |
 * | both | `<sortable timestamp>/<value of the key field>` |
 */
export function keyOfRecord(record: ParsedRecord, rule: KeyRule): KeyResult {
  const text = textOfKey(record, rule);
  if ('reason' in text) return text;
  const key = Buffer.from(text.text);
  if (key.length <= KEY_BYTES_MAX) return { key };
  return { code: 'key-too-long', reason: `the key has ${key.length} bytes, more than ${KEY_BYTES_MAX}` };
}

function textOfKey(record: ParsedRecord, rule: KeyRule): TextResult {
  const { keyField, timestampField } = rule;
  const { fields } = record;
  if (fields === undefined || (keyField === undefined && timestampField === undefined)) {
    return { text: `${rule.sourceName}:${String(record.raw.line).padStart(LINE_DIGITS, '0')}` };
  }
  const name = keyField === undefined ? { text: hashOf(record.value) } : textOfField(fields, keyField);
  if (timestampField === undefined || 'reason' in name) return name;
  const timestamp = sortableTimestamp(fields.get(timestampField));
  if (timestamp !== undefined) return { text: `${timestamp}/${name.text}` };
  const complaint = complaintAbout(fields.get(timestampField));
  return { code: 'bad-timestamp', reason: `the timestamp field ${quoted(timestampField)} ${complaint}` };
}

function complaintAbout(timestamp: unknown): string {
  if (timestamp === undefined) return 'is missing';
  const shown = JSON.stringify(timestamp);
  return `is neither ISO 8601 nor a number since 1970: ${shown.length <= 80 ? shown : `${shown.slice(0, 80)}…`}`;
}

function textOfField(fields: Fields, field: string): TextResult {
  const result = textOfValue(fields.get(field));
  if ('text' in result) return result;
  return { code: 'no-key', reason: `the key field ${quoted(field)} ${result.complaint}` };
}

/** The text that names something by a field's value, or what is wrong with that. */
export function textOfValue(value: unknown): { readonly text: string } | { readonly complaint: string } {
  const refuse = (complaint: string): { complaint: string } => ({ complaint });
  switch (typeof value) {
    case 'string':
      return value === '' ? refuse('is empty') : { text: value };
    case 'boolean':
      return { text: String(value) };
    case 'number':
      // Two such numbers that differ in the source may be one number here, and one record would replace the other.
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        return refuse('is a number beyond 2^53, which is not exact: write it as a string');
      }
      return { text: String(value) };
    case 'undefined':
      return refuse('is missing');
    default:
      return refuse(value === null ? 'is null' : 'is not a string, number or boolean');
  }
}

function hashOf(value: Uint8Array): string {
  return xxh3.xxh128(value).toString(16).padStart(32, '0');
}

function quoted(field: string): string {
  return JSON.stringify(field);
}
