import { oversizeReason, type RawRecord, type ReadItem, type RecordFormat, reject } from './record.js';

/** The value is the line, byte for byte, whatever the bytes are. There are no fields. */
export class LinesFormat implements RecordFormat {
  read(records: readonly RawRecord[]): ReadItem[] {
    return records.map(readLine);
  }
}

function readLine(raw: RawRecord): ReadItem {
  const oversize = oversizeReason(raw);
  if (oversize !== undefined) return reject(raw, oversize);
  return { kind: 'record', raw, value: raw.bytes, fields: undefined };
}
