import { type Fields, oversize, type RawRecord, type ReadItem, type RecordFormat, reject } from './record.js';
import { decodeUtf8 } from './utf8.js';

/** One JSON document a line. The value is the line as it is. Fields are named by dotted paths: `device.id`. */
export class NdjsonFormat implements RecordFormat {
  read(records: readonly RawRecord[]): ReadItem[] {
    return records.map(readDocument);
  }
}

function readDocument(raw: RawRecord): ReadItem {
  const complaint = oversize(raw);
  if (complaint !== undefined) return reject(raw, complaint);
  const text = decodeUtf8(raw.bytes);
  if (text === undefined) return reject(raw, { code: 'not-utf8', reason: 'the line is not UTF-8' });
  try {
    const document: unknown = JSON.parse(text);
    return { kind: 'record', raw, value: raw.bytes, fields: new JsonFields(document) };
  } catch (error) {
    return reject(raw, { code: 'malformed', reason: `the line is not JSON: ${parserMessage(error)}` });
  }
}

/** The parser quotes the input, which may be huge: the record itself is kept beside the reason anyway. */
function parserMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length <= 200 ? message : `${message.slice(0, 200)}…`;
}

/** A name is tried as it stands first, so that a key with a dot in it can be had, and then as a path. */
export class JsonFields implements Fields {
  readonly #document: unknown;

  constructor(document: unknown) {
    this.#document = document;
  }

  get(name: string): unknown {
    const direct = memberOf(this.#document, name);
    if (direct !== undefined || !name.includes('.')) return direct;
    return name.split('.').reduce(memberOf, this.#document);
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
