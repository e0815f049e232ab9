import type { FormatName } from './record-reader.js';

/** What a record is that was taken out of its source. */
export const TEXT_TYPE = 'text/plain';
export const NDJSON_TYPE = 'application/x-ndjson';
/** A header and one row: a document of its own. */
export const CSV_TYPE = 'text/csv; header=present';
/** A row whose header is not there. */
export const CSV_ROW_TYPE = 'text/csv; header=absent';

const TRUNCATED = '; truncated=true';

/** Of a record of which only the beginning is there. */
export function truncatedType(contentType: string): string {
  return `${contentType}${TRUNCATED}`;
}

export function isTruncatedType(contentType: string): boolean {
  return contentType.endsWith(TRUNCATED);
}

/** How to read a record of this type; undefined where the type does not tell. */
export function formatOfContentType(contentType: string): FormatName | undefined {
  const [type] = contentType.toLowerCase().split(';', 1);
  switch (type.trim()) {
    case TEXT_TYPE:
      return 'lines';
    case NDJSON_TYPE:
    case 'application/json':
      return 'ndjson';
    case 'text/csv':
      return 'csv';
    default:
      return undefined;
  }
}
