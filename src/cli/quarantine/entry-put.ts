import type { BatchOperation } from '../../engine/api.js';
import type { QuarantinedRecord } from '../../engine/quarantine/quarantine-api.js';
import { keyOfRecord } from '../key-of-record.js';
import { formatOfContentType } from '../record-reader/content-type.js';
import type { ReadItem } from '../record-reader/record.js';
import { createRecordReader, type FormatName } from '../record-reader/record-reader.js';

/** How `steme ingest` would take records in. */
export interface EntryRule {
  /** Undefined: as the content type of the entry says, or as a line where it says nothing. */
  readonly format?: FormatName;
  readonly key?: string;
  readonly timestamp?: string;
}

/** Of entries that an application appended without a source. */
const SOURCE_DEFAULT = 'quarantine';
const RECORD_END = Buffer.from('\r\n');

/**
 * Takes an entry the way of `steme ingest`: with the value and the key that its record would have had there, made of its fields, or of its
 * place in its source. Errors: why that cannot be.
 */
export function putOfEntry(entry: QuarantinedRecord, rule: EntryRule): BatchOperation {
  const { key: keyField, timestamp: timestampField } = rule;
  const item = readEntry(entry, rule);
  if (item.kind === 'rejection') throw new Error(item.reason);
  if (item.fields === undefined && (keyField !== undefined || timestampField !== undefined)) {
    throw new Error('a line has no fields to make a key of: add --format if it is something else');
  }
  const placed = { ...item, raw: { ...item.raw, line: entry.position ?? entry.number } };
  const sourceName = entry.source === '' ? SOURCE_DEFAULT : entry.source;
  const result = keyOfRecord(placed, { sourceName, keyField, timestampField });
  if ('reason' in result) throw new Error(result.reason);
  return { type: 'put', key: result.key, value: item.value };
}

function readEntry({ payload, contentType }: QuarantinedRecord, { format, key, timestamp }: EntryRule): ReadItem {
  const requiredFields = [key, timestamp].filter((field) => field !== undefined);
  const reader = createRecordReader(format ?? formatOfContentType(contentType) ?? 'lines', { requiredFields });
  // The ending that the record lost: without it a carriage return that is the record's own would be taken for a part of one.
  const items = [...reader.push(payload), ...reader.push(RECORD_END), ...reader.end()];
  const [item] = items;
  if (items.length === 1 && item !== undefined) return item;
  if (items.length === 0 && reader.header !== undefined) {
    throw new Error('it is one row of CSV: the header that it belongs to must stand in front of it');
  }
  throw new Error(`it is ${items.length} records, not one`);
}
