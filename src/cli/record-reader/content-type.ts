/** What a record is that was taken out of its source. */
export const TEXT_TYPE = 'text/plain';
export const NDJSON_TYPE = 'application/x-ndjson';
/** A header and one row: a document of its own. */
export const CSV_TYPE = 'text/csv; header=present';
/** A row whose header is not there. */
export const CSV_ROW_TYPE = 'text/csv; header=absent';
