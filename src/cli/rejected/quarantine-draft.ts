import { xxh3 } from '@node-rs/xxhash';
import { QUARANTINE_DETAIL_BYTES_MAX, QUARANTINE_ID_BYTES_MAX, VALUE_BYTES_MAX } from '../../base/limits.js';
import type { QuarantineAppendOptions } from '../../engine/quarantine/quarantine-api.js';
import { clipped } from '../clipped.js';
import { CSV_ROW_TYPE, CSV_TYPE, NDJSON_TYPE, TEXT_TYPE, truncatedType } from '../record-reader/content-type.js';
import type { RawRecord, Rejection } from '../record-reader/record.js';
import type { FormatName } from '../record-reader/record-reader.js';

/** Where rejected records come from. */
export interface RejectionSource {
  readonly name: string;
  readonly format: FormatName;
}

export interface QuarantineDraft {
  /** It may point into memory of the source. */
  readonly payload: Uint8Array;
  readonly options: QuarantineAppendOptions;
}

const NEWLINE = Buffer.from('\n');

/**
 * A rejected record as it goes to the quarantine. The payload is the record as it stands in the source, and of CSV the header and the row:
 * a document that can be read without its source. The id tells records apart that stood on the same line of sources of the same name:
 * `SOURCE:LINE:HASH`, the hash being XXH3 of the payload; so a source that is ingested again adds nothing, and one that was changed
 * takes nothing away.
 */
export function quarantineDraft(
  rejection: Rejection,
  source: RejectionSource,
  header: Uint8Array | undefined,
): QuarantineDraft {
  const { raw, code } = rejection;
  const { payload, contentType } = contentOf(raw, source.format, header);
  const options = {
    id: idOf(source.name, raw, payload),
    ifAbsent: true,
    reason: code,
    detail: detailOf(rejection),
    source: source.name,
    position: raw.line,
    contentType: isTruncated(raw) ? truncatedType(contentType) : contentType,
  };
  return { payload, options };
}

function contentOf(
  { bytes }: RawRecord,
  format: FormatName,
  header: Uint8Array | undefined,
): { readonly payload: Uint8Array; readonly contentType: string } {
  if (format === 'lines') return { payload: bytes, contentType: TEXT_TYPE };
  if (format === 'ndjson') return { payload: bytes, contentType: NDJSON_TYPE };
  // Where both are too much for an entry the row is what must not be lost.
  const hasRoom = header !== undefined && header.length + NEWLINE.length + bytes.length <= VALUE_BYTES_MAX;
  if (!hasRoom) return { payload: bytes, contentType: CSV_ROW_TYPE };
  return { payload: Buffer.concat([header, NEWLINE, bytes]), contentType: CSV_TYPE };
}

function isTruncated({ bytes, fullBytes }: RawRecord): boolean {
  return fullBytes > bytes.length;
}

function detailOf({ raw, reason }: Rejection): string {
  const { bytes, fullBytes } = raw;
  const note = isTruncated(raw) ? `; only the first ${bytes.length} of ${fullBytes} bytes are kept` : '';
  return clipped(reason, QUARANTINE_DETAIL_BYTES_MAX - note.length) + note;
}

function idOf(sourceName: string, { line, fullBytes }: RawRecord, payload: Uint8Array): string {
  const place = `${line}:${xxh3.xxh64(payload, BigInt(fullBytes)).toString(16).padStart(16, '0')}`;
  const id = `${sourceName}:${place}`;
  if (Buffer.byteLength(id) <= QUARANTINE_ID_BYTES_MAX) return id;
  return `${xxh3.xxh128(sourceName).toString(16).padStart(32, '0')}:${place}`;
}
