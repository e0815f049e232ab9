import { compareBytes } from '../base/bytes.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { LEVEL_COUNT, SEQUENCE_MAX } from '../base/limits.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { type DamageReporter, FieldReader } from './field-reader.js';
import { decodeFixedFields, decodeTableField, NO_OPTIONAL_FIELDS, type OptionalTableFields } from './table-fields.js';
import type { AddedTable, DeletedTable, VersionEdit } from './version-edit.js';
import {
  COMPARATOR_NAME_BYTES_MAX,
  DATABASE_ID_MAX,
  isOptionalTag,
  TAG_ADDED_BLOB,
  TAG_ADDED_TABLE,
  TAG_BLOB_DATABASE_ID,
  TAG_COMPARATOR_NAME,
  TAG_DATABASE_ID,
  TAG_DELETED_TABLE,
  TAG_LAST_SEQUENCE,
  TAG_LOG_NUMBER,
  TAG_NEXT_FILE_NUMBER,
  TAG_SNAPSHOT,
} from './version-edit-format.js';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** Where the bytes of an edit came from, for the error that names them. */
export interface EditPlace {
  readonly file: string;
  /** Where the record of the edit starts in the file. */
  readonly offsetBytes: number;
}

/**
 * The edit in `payload`. Throws CorruptionError where the bytes are no edit (law 5), STEME_UNSUPPORTED where a newer
 * version wrote a field that must not be passed over.
 */
export function decodeVersionEdit(payload: Uint8Array, place: EditPlace): VersionEdit {
  return new VersionEditDecoder(payload, place).decode();
}

/** Scalars while they are collected; an undefined one was not in the edit. */
type Scalars = {
  -readonly [K in keyof Omit<VersionEdit, 'addedTables' | 'deletedTables' | 'addedBlobs'>]: VersionEdit[K];
};

class VersionEditDecoder {
  readonly #payload: Uint8Array;
  readonly #place: EditPlace;
  readonly #scalars: Scalars = {};
  readonly #addedTables: AddedTable[] = [];
  readonly #deletedTables: DeletedTable[] = [];
  readonly #addedBlobs: BlobMetadata[] = [];

  constructor(payload: Uint8Array, place: EditPlace) {
    this.#payload = payload;
    this.#place = place;
  }

  decode(): VersionEdit {
    const fields = new FieldReader(this.#payload, 0, this.#payload.length, this.#report);
    while (!fields.isAtEnd) {
      const tag = fields.varint('a field tag', 0, NUMBER_MAX);
      const body = fields.nested(`field ${tag}`);
      if (this.#decodeKnown(tag, body)) body.expectEnd(`field ${tag}`);
      else this.#passOver(tag);
    }
    const edit = { ...this.#scalars, addedTables: this.#addedTables, deletedTables: this.#deletedTables };
    return this.#addedBlobs.length === 0 ? edit : { ...edit, addedBlobs: this.#addedBlobs };
  }

  /** Whether the tag is known; then its body has been read. */
  #decodeKnown(tag: number, body: FieldReader): boolean {
    switch (tag) {
      case TAG_SNAPSHOT:
        this.#setOnce('isSnapshot', true);
        return true;
      case TAG_DATABASE_ID:
        this.#setOnce('databaseId', body.varint('a database id', 0, DATABASE_ID_MAX));
        return true;
      case TAG_COMPARATOR_NAME:
        this.#setOnce('comparatorName', this.#decodeName(body));
        return true;
      case TAG_LOG_NUMBER:
        this.#setOnce('logNumber', body.varint('a log number', 0, NUMBER_MAX));
        return true;
      case TAG_NEXT_FILE_NUMBER:
        this.#setOnce('nextFileNumber', body.varint('the next file number', 0, NUMBER_MAX));
        return true;
      case TAG_LAST_SEQUENCE:
        this.#setOnce('lastSequence', body.varint('the last sequence', 0, SEQUENCE_MAX));
        return true;
      case TAG_DELETED_TABLE:
        this.#deletedTables.push({ level: decodeLevel(body), number: body.varint('a table number', 0, NUMBER_MAX) });
        return true;
      case TAG_ADDED_TABLE:
        this.#addedTables.push({ level: decodeLevel(body), table: this.#decodeTable(body) });
        return true;
      case TAG_ADDED_BLOB:
        this.#addedBlobs.push(decodeBlob(body));
        return true;
      case TAG_BLOB_DATABASE_ID:
        this.#decodeBlobDatabase(body);
        return true;
      default:
        return false;
    }
  }

  #decodeTable(body: FieldReader): TableMetadata {
    const fixed = decodeFixedFields(body);
    const optional: OptionalTableFields = { ...NO_OPTIONAL_FIELDS, oldestAtMs: fixed.createdAtMs };
    while (!body.isAtEnd) {
      const tag = body.varint('a tag of a table field', 0, NUMBER_MAX);
      const field = body.nested(`table field ${tag}`);
      if (decodeTableField(tag, field, optional)) field.expectEnd(`table field ${tag}`);
      else this.#passOver(tag);
    }
    const table = { ...fixed, ...optional };
    this.#checkBounds(table);
    return table;
  }

  #decodeBlobDatabase(body: FieldReader): void {
    const number = body.varint('a blob number', 0, NUMBER_MAX);
    const databaseId = body.varint('the id of a database', 0, DATABASE_ID_MAX);
    const at = this.#addedBlobs.findLastIndex((blob) => blob.number === number);
    if (at < 0) this.#report('the database of a blob file that was added', `that of ${number}`);
    this.#addedBlobs[at] = { ...this.#addedBlobs[at], databaseId };
  }

  #checkBounds(table: TableMetadata): void {
    const { number, smallestKey, largestKey, smallestSequence, largestSequence } = table;
    const order = compareBytes(smallestKey, largestKey);
    if (order > 0 || (order === 0 && table.isLargestKeyExclusive)) {
      this.#report(`the keys of table ${number} in order`, 'the smallest after the largest');
    }
    if (smallestSequence > largestSequence) {
      this.#report(`the sequences of table ${number} in order`, `${smallestSequence} to ${largestSequence}`);
    }
  }

  #decodeName(body: FieldReader): string {
    const bytes = body.rest('a comparator name', COMPARATOR_NAME_BYTES_MAX);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.#report('a comparator name in UTF-8', 'other bytes');
    }
  }

  #setOnce<K extends keyof Scalars>(name: K, value: Scalars[K]): void {
    if (this.#scalars[name] !== undefined) this.#report(`${name} once in an edit`, 'it twice');
    this.#scalars[name] = value;
  }

  #passOver(unknownTag: number): void {
    if (isOptionalTag(unknownTag)) return;
    const { file, offsetBytes } = this.#place;
    throw new StemeError(
      'STEME_UNSUPPORTED',
      `the edit at byte ${offsetBytes} of ${file} has field ${unknownTag}, which a newer version wrote: upgrade the package`,
    );
  }

  readonly #report: DamageReporter = (expected, found) => {
    throw new CorruptionError({ file: this.#place.file, offsetBytes: this.#place.offsetBytes, expected, found });
  };
}

function decodeLevel(body: FieldReader): number {
  return body.varint('a level', 0, LEVEL_COUNT - 1);
}

function decodeBlob(body: FieldReader): BlobMetadata {
  return {
    number: body.varint('a blob number', 0, NUMBER_MAX),
    fileBytes: body.varint('the size of a blob file', 0, NUMBER_MAX),
    valueCount: body.varint('a count of values', 0, NUMBER_MAX),
    valueBytes: body.varint('the bytes of values', 0, NUMBER_MAX),
  };
}
