import { parse } from 'csv-parse/sync';
import { UsageError } from '../usage-error.js';
import {
  type Complaint,
  type Fields,
  oversize,
  type RawRecord,
  type ReadItem,
  type RecordFormat,
  reject,
} from './record.js';
import { decodeUtf8 } from './utf8.js';

/** A parsed row, or why it is none. */
type ParsedRow = { readonly cells: readonly string[] } | Complaint;

/**
 * Comma-separated values as RFC 4180 has them, with a header. The value is a JSON object of the row, columns in the order
 * of the header, all values strings. Errors: UsageError when the header is unreadable, names a column twice, or lacks one
 * of `requiredColumns`.
 */
export class CsvFormat implements RecordFormat {
  readonly #requiredColumns: readonly string[];
  #header: CsvHeader | undefined;

  constructor(requiredColumns: readonly string[]) {
    this.#requiredColumns = requiredColumns;
  }

  get header(): Uint8Array | undefined {
    return this.#header?.bytes;
  }

  read(records: readonly RawRecord[]): ReadItem[] {
    if (records.length === 0) return [];
    if (this.#header !== undefined) return readRows(records, this.#header);
    this.#header = readHeader(records[0], this.#requiredColumns);
    return readRows(records.slice(1), this.#header);
  }
}

interface CsvHeader {
  /** As it stands in the source, without its ending. */
  readonly bytes: Uint8Array;
  readonly columns: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Each column as it stands in the JSON object: `"name":`. */
  readonly jsonNames: readonly string[];
}

function readHeader(raw: RawRecord, requiredColumns: readonly string[]): CsvHeader {
  const row = oversize(raw) ?? parseRows([raw])[0];
  if ('reason' in row) throw new UsageError(`the CSV header on line ${raw.line} cannot be read: ${row.reason}`);
  const indexOf = new Map(row.cells.map((column, index) => [column, index]));
  if (indexOf.size < row.cells.length) {
    const twice = row.cells.find((column, index) => indexOf.get(column) !== index);
    throw new UsageError(`the CSV header names the column ${JSON.stringify(twice)} twice`, 'rename one of them');
  }
  for (const column of requiredColumns) {
    if (!indexOf.has(column)) {
      throw new UsageError(`the CSV header has no column ${JSON.stringify(column)}`, `it has: ${row.cells.join(', ')}`);
    }
  }
  const jsonNames = row.cells.map((column) => `${JSON.stringify(column)}:`);
  // A copy: a view would hold on to a whole chunk.
  return { bytes: Uint8Array.from(raw.bytes), columns: row.cells, indexOf, jsonNames };
}

function readRows(records: readonly RawRecord[], header: CsvHeader): ReadItem[] {
  const rows = parseRows(records);
  return records.map((raw, index) => readRow(raw, rows[index], header));
}

function readRow(raw: RawRecord, row: ParsedRow, header: CsvHeader): ReadItem {
  const complaint = oversize(raw);
  if (complaint !== undefined) return reject(raw, complaint);
  if ('reason' in row) return reject(raw, row);
  const { cells } = row;
  if (cells.length !== header.columns.length) {
    const reason = `the row has ${cells.length} fields, the header has ${header.columns.length}`;
    return reject(raw, { code: 'wrong-width', reason });
  }
  return { kind: 'record', raw, value: jsonOfRow(cells, header), fields: new CsvFields(cells, header) };
}

function jsonOfRow(cells: readonly string[], header: CsvHeader): Uint8Array {
  let json = '{';
  for (let i = 0; i < cells.length; i++) {
    json += `${i === 0 ? '' : ','}${header.jsonNames[i]}${JSON.stringify(cells[i])}`;
  }
  return Buffer.from(`${json}}`);
}

class CsvFields implements Fields {
  readonly #cells: readonly string[];
  readonly #header: CsvHeader;

  constructor(cells: readonly string[], header: CsvHeader) {
    this.#cells = cells;
    this.#header = header;
  }

  get(name: string): unknown {
    const index = this.#header.indexOf.get(name);
    return index === undefined ? undefined : this.#cells[index];
  }
}

/** All at once, which is three times as fast; one by one when that fails, so that a bad row costs only itself. */
function parseRows(records: readonly RawRecord[]): ParsedRow[] {
  // A truncated record may end inside quotes, and would swallow its neighbours.
  const texts = records.map((raw) => (oversize(raw) === undefined ? decodeUtf8(raw.bytes) : undefined));
  if (texts.includes(undefined)) return texts.map(parseRow);
  const together = tryParse(texts.join('\n'));
  const whole = 'rows' in together && together.rows.length === records.length;
  return whole ? together.rows.map((cells) => ({ cells })) : texts.map(parseRow);
}

function parseRow(text: string | undefined): ParsedRow {
  if (text === undefined) return { code: 'not-utf8', reason: 'the row is not UTF-8' };
  const parsed = tryParse(text);
  if ('reason' in parsed) return parsed;
  if (parsed.rows.length === 1) return { cells: parsed.rows[0] };
  return { code: 'malformed', reason: 'the row is not one CSV record' };
}

const PARSER_OPTIONS = { record_delimiter: '\n', relax_column_count: true } as const;

function tryParse(text: string): { readonly rows: string[][] } | Complaint {
  try {
    return { rows: parse(text, PARSER_OPTIONS) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'malformed', reason: `the row is not CSV: ${message}` };
  }
}
