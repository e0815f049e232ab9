import {
  QUARANTINE_CONTENT_TYPE_BYTES_MAX,
  QUARANTINE_DETAIL_BYTES_MAX,
  QUARANTINE_ID_BYTES_MAX,
  QUARANTINE_REASON_BYTES_MAX,
  QUARANTINE_SOURCE_BYTES_MAX,
} from '../../base/limits.js';
import type { EntryRange } from '../../quarantine/entry-range.js';
import { tenantBytes } from '../../quarantine/tenant-directory.js';
import { functionProblems, refuseProblems, signalProblems } from '../check-calls.js';
import type {
  Moment,
  QuarantineAppendOptions,
  QuarantineFilter,
  QuarantineListOptions,
  ReplayOptions,
} from './quarantine-api.js';

const ATTEMPTS_MAX = 2 ** 32 - 1;
const CONCURRENCY_MAX = 10_000;

/** Every problem at once. Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkAppend(tenant: string, options: QuarantineAppendOptions): void {
  tenantBytes(tenant);
  const { reason, detail, id, ifAbsent, timestamp, source, position, contentType, attempts } = options ?? {};
  refuseProblems([
    ...textProblems('reason', reason, QUARANTINE_REASON_BYTES_MAX),
    ...(reason === undefined || reason === ''
      ? ['reason must be a text that says why the record was not accepted']
      : []),
    ...textProblems('detail', detail, QUARANTINE_DETAIL_BYTES_MAX),
    ...textProblems('id', id, QUARANTINE_ID_BYTES_MAX),
    ...(id === '' ? ['id must not be empty; leave it out for one that is made up'] : []),
    ...(ifAbsent === true && id === undefined ? ['ifAbsent needs an id'] : []),
    ...textProblems('source', source, QUARANTINE_SOURCE_BYTES_MAX),
    ...textProblems('contentType', contentType, QUARANTINE_CONTENT_TYPE_BYTES_MAX),
    ...momentProblems('timestamp', timestamp),
    ...wholeProblems('position', position, Number.MAX_SAFE_INTEGER - 1),
    ...wholeProblems('attempts', attempts, ATTEMPTS_MAX),
  ]);
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkList(options: QuarantineListOptions): EntryRange {
  const range = checkFilter(options);
  refuseProblems([
    ...wholeProblems('limit', options.limit, Number.MAX_SAFE_INTEGER),
    ...signalProblems(options.signal),
  ]);
  return range;
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkReplay(options: ReplayOptions): void {
  const { rateLimit, concurrency, fix, maxAttempts, by, signal, onProgress } = options;
  const isRate = rateLimit === undefined || (typeof rateLimit === 'number' && rateLimit > 0);
  refuseProblems([
    ...(isRate ? [] : [`rateLimit must be a number above 0, got ${rateLimit}`]),
    ...wholeProblems('concurrency', concurrency, CONCURRENCY_MAX),
    ...(concurrency === 0 ? ['concurrency must be 1 or more'] : []),
    ...wholeProblems('maxAttempts', maxAttempts, ATTEMPTS_MAX),
    ...functionProblems('fix', fix),
    ...functionProblems('onProgress', onProgress),
    ...(by === undefined || typeof by === 'string' ? [] : ['by must be a text']),
    ...signalProblems(signal),
  ]);
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkFilter({ tenant, from, to, reason, id }: QuarantineFilter): EntryRange {
  if (tenant !== undefined) tenantBytes(tenant);
  refuseProblems([
    ...momentProblems('from', from),
    ...momentProblems('to', to),
    ...textProblems('reason', reason, QUARANTINE_REASON_BYTES_MAX),
    ...textProblems('id', id, QUARANTINE_ID_BYTES_MAX),
  ]);
  return {
    fromMs: from === undefined ? 0 : msOf(from),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : msOf(to),
    id,
    afterEntry: 0,
  };
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkPurge(tenant: string, before: Moment): void {
  tenantBytes(tenant);
  refuseProblems(before === undefined ? ['before must be given'] : momentProblems('before', before));
}

export function msOf(moment: Moment): number {
  return typeof moment === 'number' ? moment : moment.getTime();
}

function textProblems(name: string, value: string | undefined, bytesMax: number): string[] {
  if (value === undefined) return [];
  if (typeof value !== 'string') return [`${name} must be a text, got ${typeof value}`];
  const bytes = Buffer.byteLength(value, 'utf8');
  return bytes <= bytesMax ? [] : [`${name} has at most ${bytesMax} bytes in UTF-8, got ${bytes}`];
}

function momentProblems(name: string, value: Moment | undefined): string[] {
  if (value === undefined) return [];
  const ms = value instanceof Date ? value.getTime() : value;
  if (Number.isSafeInteger(ms) && ms >= 0) return [];
  return [`${name} must be a date, or whole milliseconds since 1970`];
}

function wholeProblems(name: string, value: number | undefined, max: number): string[] {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return [];
  return [`${name} must be a whole number from 0 to ${max}, got ${value}`];
}
