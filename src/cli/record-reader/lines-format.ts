import { oversize, type RawRecord, type ReadItem, type RecordFormat, reject } from './record.js';

/** The value is the line, byte for byte, whatever the bytes are. There are no fields. */
export class LinesFormat implements RecordFormat {
  read(records: readonly RawRecord[]): ReadItem[] {
    return records.map(readLine);
  }
}

function readLine(raw: RawRecord): ReadItem {
  const complaint = oversize(raw);
  if (complaint !== undefined) return reject(raw, complaint);
  return { kind: 'record', raw, value: raw.bytes, fields: undefined };
}
