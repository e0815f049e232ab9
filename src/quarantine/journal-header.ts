/**
 * The header of a file of the quarantine journals, the payload of its frame 0.
 *
 *     offset  size  type  field
 *          0     4  u32   format version, 1
 *          4     4  u32   database id
 *          8     8  u64   number of the file, the same as in its name
 *         16     8  u64   number of the first entry that may be in it
 *         24     8  u64   when it was made, milliseconds since 1970
 *         32     8  u64   of an intake file: where the entries of the one before it end; what stands behind is no part of the journal
 *         40     4  u32   alignment of the frames: 8, or 4096 where it is written with direct I/O
 *         44     1  u8    kind: 1 intake, 2 segment of a tenant, 3 manifest of a tenant
 *         45     1        zero
 *         46     2  u16   length of the tenant id; 0 in an intake file
 *         48     …        tenant id, UTF-8
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';
import { assert, CorruptionError, StemeError } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES, SEQUENCE_MAX, TENANT_BYTES_MAX } from '../base/limits.js';
import { FRAME_ALIGNMENT_BYTES, FRAME_HEADER_BYTES } from '../log/log-format.js';

export const JOURNAL_FORMAT_VERSION = 1;

/** Stored on disk, never renumbered. */
export const JOURNAL_INTAKE = 1;
export const JOURNAL_SEGMENT = 2;
export const JOURNAL_MANIFEST = 3;

export type JournalKind = typeof JOURNAL_INTAKE | typeof JOURNAL_SEGMENT | typeof JOURNAL_MANIFEST;

const FIXED_BYTES = 48;

export interface JournalHeader {
  readonly databaseId: number;
  readonly kind: JournalKind;
  readonly number: number;
  readonly firstEntry: number;
  readonly createdAtMs: number;
  readonly predecessorEndBytes: number;
  /** FRAME_ALIGNMENT_BYTES or DIRECT_IO_BLOCK_BYTES. */
  readonly alignmentBytes: number;
  readonly tenant: string;
}

/** What a journal file is by its place: its frames carry the identity that follows from it. */
export type JournalPlace = Pick<JournalHeader, 'databaseId' | 'kind' | 'number' | 'tenant'>;

/** The frames of one file are never taken for those of another one, whether of another number, tenant, kind or database. */
export function journalIdentity({ databaseId, kind, number, tenant }: JournalPlace): number {
  const tenantBytes = Buffer.from(tenant, 'utf8');
  const seed = new Uint8Array(13 + tenantBytes.length);
  writeUint32(seed, 0, databaseId);
  writeUint64(seed, 4, number);
  seed[12] = kind;
  seed.set(tenantBytes, 13);
  return crc32c(seed);
}

export function encodeJournalHeader(header: JournalHeader): Uint8Array {
  const { tenant, alignmentBytes } = header;
  const tenantBytes = Buffer.from(tenant, 'utf8');
  assert(tenantBytes.length <= TENANT_BYTES_MAX, 'a tenant id is within its limit');
  assert(isAlignment(alignmentBytes), 'frames are aligned to eight bytes or to the block of direct I/O');
  const payload = new Uint8Array(FIXED_BYTES + tenantBytes.length);
  writeUint32(payload, 0, JOURNAL_FORMAT_VERSION);
  writeUint32(payload, 4, header.databaseId);
  writeUint64(payload, 8, header.number);
  writeUint64(payload, 16, header.firstEntry);
  writeUint64(payload, 24, header.createdAtMs);
  writeUint64(payload, 32, header.predecessorEndBytes);
  writeUint32(payload, 40, alignmentBytes);
  payload[44] = header.kind;
  payload[46] = tenantBytes.length;
  payload[47] = tenantBytes.length >>> 8;
  payload.set(tenantBytes, FIXED_BYTES);
  return payload;
}

/** Errors: STEME_UNSUPPORTED for another format version, STEME_CORRUPTION for fields that no writer would write. */
export function decodeJournalHeader(payload: Uint8Array, file: string): JournalHeader {
  const damaged = (expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes: FRAME_HEADER_BYTES, expected, found });
  if (payload.length < 4) throw damaged(`${FIXED_BYTES} header bytes`, `${payload.length}`);
  const version = readUint32(payload, 0);
  if (version !== JOURNAL_FORMAT_VERSION) {
    const message = `${file} is a quarantine journal of format version ${version}; this package reads version ${JOURNAL_FORMAT_VERSION}: upgrade it`;
    throw new StemeError('STEME_UNSUPPORTED', message);
  }
  if (payload.length < FIXED_BYTES) throw damaged(`${FIXED_BYTES} header bytes`, `${payload.length}`);
  const tenantLength = payload[46] | (payload[47] << 8);
  if (tenantLength > TENANT_BYTES_MAX || payload.length !== FIXED_BYTES + tenantLength) {
    throw damaged(`a tenant id of ${payload.length - FIXED_BYTES} bytes`, `${tenantLength}`);
  }
  const kind = payload[44];
  if (kind !== JOURNAL_INTAKE && kind !== JOURNAL_SEGMENT && kind !== JOURNAL_MANIFEST) {
    throw damaged('a known kind of file', `${kind}`);
  }
  const alignmentBytes = readUint32(payload, 40);
  if (!isAlignment(alignmentBytes)) {
    throw damaged(`an alignment of ${FRAME_ALIGNMENT_BYTES} or ${DIRECT_IO_BLOCK_BYTES}`, `${alignmentBytes}`);
  }
  const numberAt = (at: number): number => {
    const value = readUint64(payload, at);
    if (value > SEQUENCE_MAX) throw damaged('a number below 2^53', `${value}`);
    return value;
  };
  return {
    databaseId: readUint32(payload, 4),
    kind,
    number: numberAt(8),
    firstEntry: numberAt(16),
    createdAtMs: numberAt(24),
    predecessorEndBytes: numberAt(32),
    alignmentBytes,
    tenant: Buffer.from(payload.subarray(FIXED_BYTES)).toString('utf8'),
  };
}

function isAlignment(bytes: number): boolean {
  return bytes === FRAME_ALIGNMENT_BYTES || bytes === DIRECT_IO_BLOCK_BYTES;
}
