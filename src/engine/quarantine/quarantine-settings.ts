import * as v from 'valibot';
import { TENANT_BYTES_MAX } from '../../base/limits.js';

const RETENTION_MS_DEFAULT = 24 * 3600 * 1000;
const TTL_MAX = 100 * 365 * 24 * 3600 * 1000;

/** What a tenant may have; in `tenants` each may be left out. */
export interface TenantSettings {
  /** Segments whose newest entry is older are removed. 0: never. */
  readonly retentionMs: number;
  /** Payloads that are kept, replayed ones included until their segment goes. 0: no limit. */
  readonly bytesMax: number;
  /** Entries likewise. 0: no limit. */
  readonly entriesMax: number;
  /** What becomes of one more: it is refused, or the oldest segment makes room for it. */
  readonly whenFull: 'refuse' | 'drop-oldest';
}

/** Of all tenants, and by id of those that have others. */
export interface QuarantineSettings extends TenantSettings {
  readonly tenants: Readonly<Record<string, Partial<TenantSettings>>>;
}

function wholeUpTo(max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
}

const entries = {
  retentionMs: wholeUpTo(TTL_MAX),
  bytesMax: wholeUpTo(Number.MAX_SAFE_INTEGER),
  entriesMax: wholeUpTo(Number.MAX_SAFE_INTEGER),
  whenFull: v.picklist(['refuse', 'drop-oldest']),
};

const tenantId = v.pipe(v.string(), v.maxBytes(TENANT_BYTES_MAX));

export const quarantineSchema = v.strictObject({
  retentionMs: v.optional(entries.retentionMs, RETENTION_MS_DEFAULT),
  bytesMax: v.optional(entries.bytesMax, 0),
  entriesMax: v.optional(entries.entriesMax, 0),
  whenFull: v.optional(entries.whenFull, 'refuse'),
  tenants: v.optional(v.record(tenantId, v.partial(v.strictObject(entries))), {}),
});
