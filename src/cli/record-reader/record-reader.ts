import { CsvBoundary, LineBoundary } from './boundary.js';
import { CsvFormat } from './csv-format.js';
import { LinesFormat } from './lines-format.js';
import { NdjsonFormat } from './ndjson-format.js';
import type { ReadItem, RecordFormat } from './record.js';
import { RecordSplitter } from './record-splitter.js';

export const FORMAT_NAMES = ['lines', 'ndjson', 'csv'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** Chunks in, records and rejections out, in the order of the source and in constant memory. */
export class RecordReader {
  readonly #splitter: RecordSplitter;
  readonly #format: RecordFormat;

  constructor(splitter: RecordSplitter, format: RecordFormat) {
    this.#splitter = splitter;
    this.#format = format;
  }

  get emptyLineCount(): number {
    return this.#splitter.emptyLineCount;
  }

  /** Of a CSV source, once it was read. */
  get header(): Uint8Array | undefined {
    return this.#format.header;
  }

  /** The records may point into `chunk`. */
  push(chunk: Uint8Array): ReadItem[] {
    return this.#format.read(this.#splitter.push(chunk));
  }

  end(): ReadItem[] {
    return this.#format.read(this.#splitter.end());
  }
}

export interface ReaderOptions {
  /** Fields that must be there in a format that names them once for all records. */
  readonly requiredFields: readonly string[];
  /** Larger records are rejected. Default: the largest value. */
  readonly recordBytesMax?: number;
}

export function createRecordReader(format: FormatName, options: ReaderOptions): RecordReader {
  const { recordBytesMax } = options;
  switch (format) {
    case 'lines': {
      const splitter = new RecordSplitter(new LineBoundary(), { dropByteOrderMark: false, recordBytesMax });
      return new RecordReader(splitter, new LinesFormat());
    }
    case 'ndjson': {
      const splitter = new RecordSplitter(new LineBoundary(), { dropByteOrderMark: true, recordBytesMax });
      return new RecordReader(splitter, new NdjsonFormat());
    }
    case 'csv': {
      const splitter = new RecordSplitter(new CsvBoundary(), { dropByteOrderMark: true, recordBytesMax });
      return new RecordReader(splitter, new CsvFormat(options.requiredFields));
    }
  }
}
