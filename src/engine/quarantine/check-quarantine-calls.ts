import {
  QUARANTINE_CONTENT_TYPE_BYTES_MAX,
  QUARANTINE_DETAIL_BYTES_MAX,
  QUARANTINE_ID_BYTES_MAX,
  QUARANTINE_REASON_BYTES_MAX,
  QUARANTINE_SOURCE_BYTES_MAX,
} from '../../base/limits.js';
import { ALL_ENTRIES, type EntryRange } from '../../quarantine/entry-range.js';
import { checkTenant } from '../../quarantine/tenant-directory.js';
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
  checkTenant(tenant);
  const { reason, detail, id, ifAbsent, timestamp, source, position, contentType, attempts } = options ?? {};
  // One list, and none in it as a rule: this is checked for every record.
  const problems: string[] = [];
  if (reason === undefined || reason === '') {
    problems.push('reason must be a text that says why the record was not accepted');
  }
  addTextProblem(problems, 'reason', reason, QUARANTINE_REASON_BYTES_MAX);
  addTextProblem(problems, 'detail', detail, QUARANTINE_DETAIL_BYTES_MAX);
  addTextProblem(problems, 'id', id, QUARANTINE_ID_BYTES_MAX);
  if (id === '') problems.push('id must not be empty; leave it out for one that is made up');
  if (ifAbsent === true && id === undefined) problems.push('ifAbsent needs an id');
  addTextProblem(problems, 'source', source, QUARANTINE_SOURCE_BYTES_MAX);
  addTextProblem(problems, 'contentType', contentType, QUARANTINE_CONTENT_TYPE_BYTES_MAX);
  addMomentProblem(problems, 'timestamp', timestamp);
  addNumberProblem(problems, 'position', position, Number.MAX_SAFE_INTEGER - 1);
  addNumberProblem(problems, 'attempts', attempts, ATTEMPTS_MAX);
  refuseProblems(problems);
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkList(options: QuarantineListOptions): EntryRange {
  const range = checkFilter(options);
  const problems = signalProblems(options.signal);
  addNumberProblem(problems, 'limit', options.limit, Number.MAX_SAFE_INTEGER);
  refuseProblems(problems);
  return range;
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkReplay(options: ReplayOptions): void {
  const { rateLimit, concurrency, fix, maxAttempts, by, signal, onProgress } = options;
  const isRate = rateLimit === undefined || (typeof rateLimit === 'number' && rateLimit > 0);
  const problems = [
    ...(isRate ? [] : [`rateLimit must be a number above 0, got ${rateLimit}`]),
    ...(concurrency === 0 ? ['concurrency must be 1 or more'] : []),
    ...functionProblems('fix', fix),
    ...functionProblems('onProgress', onProgress),
    ...(by === undefined || typeof by === 'string' ? [] : ['by must be a text']),
    ...signalProblems(signal),
  ];
  addNumberProblem(problems, 'concurrency', concurrency, CONCURRENCY_MAX);
  addNumberProblem(problems, 'maxAttempts', maxAttempts, ATTEMPTS_MAX);
  refuseProblems(problems);
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkFilter({ tenant, from, to, reason, id }: QuarantineFilter): EntryRange {
  if (tenant !== undefined) checkTenant(tenant);
  const problems: string[] = [];
  addMomentProblem(problems, 'from', from);
  addMomentProblem(problems, 'to', to);
  addTextProblem(problems, 'reason', reason, QUARANTINE_REASON_BYTES_MAX);
  addTextProblem(problems, 'id', id, QUARANTINE_ID_BYTES_MAX);
  refuseProblems(problems);
  return {
    ...ALL_ENTRIES,
    ...(from !== undefined && { fromMs: msOf(from) }),
    ...(to !== undefined && { toMs: msOf(to) }),
    id,
  };
}

/** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT. */
export function checkPurge(tenant: string, before: Moment): void {
  checkTenant(tenant);
  const problems = before === undefined ? ['before must be given'] : [];
  addMomentProblem(problems, 'before', before);
  refuseProblems(problems);
}

export function msOf(moment: Moment): number {
  return typeof moment === 'number' ? moment : moment.getTime();
}

function addTextProblem(problems: string[], name: string, value: string | undefined, bytesMax: number): void {
  if (value === undefined) return;
  if (typeof value !== 'string') {
    problems.push(`${name} must be a text, got ${typeof value}`);
    return;
  }
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes > bytesMax) problems.push(`${name} has at most ${bytesMax} bytes in UTF-8, got ${bytes}`);
}

function addMomentProblem(problems: string[], name: string, value: Moment | undefined): void {
  if (value === undefined) return;
  const ms = value instanceof Date ? value.getTime() : value;
  if (Number.isSafeInteger(ms) && ms >= 0) return;
  problems.push(`${name} must be a date, or whole milliseconds since 1970`);
}

function addNumberProblem(problems: string[], name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
  problems.push(`${name} must be a whole number from 0 to ${max}, got ${value}`);
}
