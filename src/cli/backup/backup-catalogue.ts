/**
 * The catalogue of one backup, `000001.backup`: two lines, the second the XXH3 of the first and its line end, in hex:
 *
 *     {"format":1,"id":1,"createdAtMs":1764099000000,"sequence":42,"files":[{"name":"000012.sst","bytes":16384,"xxh3":"…"}]}
 *     xxh3 0123456789abcdef
 *
 * Format 2 has files of the quarantine too. It is written last, so a backup that has one is whole.
 */
import { xxh3 } from '@node-rs/xxhash';
import * as v from 'valibot';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { parseFileName } from '../../base/file-names.js';
import { isQuarantinePath } from '../../quarantine/quarantine-path.js';

/** The format of a catalogue without a quarantine: older versions read it too. */
const FORMAT_PLAIN = 1;
/** Names may be `quarantine/acme/000001.segment`, with slashes on every system. */
const FORMAT_QUARANTINE = 2;
const FORMATS = [FORMAT_PLAIN, FORMAT_QUARANTINE];
/** A catalogue that is larger is none of ours (law 10): it would name over a million files. */
export const CATALOGUE_BYTES_MAX = 128 * 1024 * 1024;

/** One file of a database, as it was. */
export interface BackupFile {
  /** In the directory of the database, with slashes on every system. */
  readonly name: string;
  readonly bytes: number;
  /** 16 hex digits. */
  readonly xxh3: string;
}

export interface BackupCatalogue {
  readonly id: number;
  readonly createdAtMs: number;
  /** The last write that is in it. */
  readonly sequence: number;
  readonly files: readonly BackupFile[];
}

const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.strictObject({
  format: v.picklist(FORMATS),
  id: v.pipe(wholeNumber, v.minValue(1)),
  createdAtMs: wholeNumber,
  sequence: wholeNumber,
  files: v.array(
    v.strictObject({
      // A name of ours, and so without a way out of its directory.
      name: v.pipe(v.string(), v.check(isBackedUpName)),
      bytes: wholeNumber,
      xxh3: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
    }),
  ),
});

export function encodeCatalogue({ id, createdAtMs, sequence, files }: BackupCatalogue): Uint8Array {
  const format = files.some(({ name }) => isQuarantinePath(name)) ? FORMAT_QUARANTINE : FORMAT_PLAIN;
  const line = `${JSON.stringify({ format, id, createdAtMs, sequence, files })}\n`;
  return Buffer.from(`${line}xxh3 ${hexOf(xxh3.xxh64(line))}\n`);
}

/** Throws CorruptionError where `bytes` are not what was written, STEME_UNSUPPORTED for a newer format. */
export function decodeCatalogue(bytes: Uint8Array, file: string): BackupCatalogue {
  const text = Buffer.from(bytes).toString('utf8');
  const lineEnd = text.indexOf('\n') + 1;
  const line = text.slice(0, lineEnd);
  if (lineEnd === 0 || text.slice(lineEnd) !== `xxh3 ${hexOf(xxh3.xxh64(line))}\n`) {
    throw damaged(file, 'a catalogue and its checksum', 'other bytes');
  }
  const content = parseLine(line, file);
  refuseOtherFormats(content, file);
  const parsed = v.safeParse(schema, content);
  if (!parsed.success) throw damaged(file, 'the fields of a catalogue', parsed.issues[0].message);
  const { format: _, ...catalogue } = parsed.output;
  return catalogue;
}

export function hexOf(checksum: bigint): string {
  return checksum.toString(16).padStart(16, '0');
}

function parseLine(line: string, file: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw damaged(file, 'JSON', 'other text');
  }
}

function refuseOtherFormats(content: unknown, file: string): void {
  const format = typeof content === 'object' && content !== null && 'format' in content ? content.format : undefined;
  if (typeof format !== 'number' || FORMATS.includes(format)) return;
  const message = `${file} has backup format ${format}, this version reads up to ${FORMAT_QUARANTINE}: upgrade the package`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}

const BACKED_UP_KINDS = new Set(['current', 'manifest', 'log', 'table', 'blob']);

function isBackedUpName(name: string): boolean {
  return BACKED_UP_KINDS.has(parseFileName(name)?.kind ?? '') || isQuarantinePath(name);
}

function damaged(file: string, expected: string, found: string): CorruptionError {
  return new CorruptionError({ file, offsetBytes: 0, expected, found });
}
