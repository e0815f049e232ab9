/** What becomes of one item of a source: a put, or a reason why not. */
import { StemeError } from '../../base/errors.js';
import type { BatchOperation, BytesLike } from '../api.js';
import { msOf } from '../quarantine/check-quarantine-calls.js';
import type { IngestPipeline } from './ingest-api.js';
import { describeIssues, isStandardSchema } from './standard-schema.js';

export type RejectReason = 'malformed' | 'invalid' | 'no-key' | 'no-value';

export interface Accepted {
  readonly kind: 'accepted';
  readonly operation: BatchOperation & { readonly type: 'put' };
}

export interface Rejected {
  readonly kind: 'rejected';
  readonly tenant: string;
  readonly reason: RejectReason;
  readonly detail: string;
  readonly payload: BytesLike;
  readonly contentType: string;
  readonly timestampMs: number | undefined;
}

/** Whose what is rejected is, where nobody says it. */
export const TENANT_DEFAULT = 'default';
/** What an item was, where the pipeline says nothing else: a replay hands on the same. Bytes have none. */
export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain; charset=utf-8';
/** As much of a message as an entry has room for, whatever its characters are. */
const DETAIL_CHARACTERS_MAX = 1000;

/** Each step of the way, with the reason that its failure gives. */
class Step extends Error {
  readonly reason: RejectReason;

  constructor(reason: RejectReason, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
  }
}

/** Errors: what `tenant` and `timestamp` of the pipeline throw: there is no place then for what is rejected. */
export async function judgeItem(pipeline: IngestPipeline, item: unknown): Promise<Accepted | Rejected> {
  let record: unknown;
  try {
    record = await step('malformed', () => (pipeline.parse === undefined ? item : pipeline.parse(item)));
    record = await step('invalid', () => validated(pipeline, record));
    const key = await step('no-key', () => pipeline.key(record));
    const value = await step('no-value', () =>
      pipeline.value === undefined ? valueOfItem(item, record) : pipeline.value(record),
    );
    const { ttlMs } = pipeline;
    return { kind: 'accepted', operation: { type: 'put', key, value, ...(ttlMs !== undefined && { ttlMs }) } };
  } catch (error) {
    if (!(error instanceof Step)) throw error;
    return rejected(pipeline, item, record, error.reason, error.message);
  }
}

/** An item that was judged well and that the database does not take: a key that is too long, for instance. */
export function refusedItem(pipeline: IngestPipeline, item: unknown, error: StemeError): Rejected {
  const reason = error.code === 'STEME_INVALID_KEY' ? 'no-key' : 'no-value';
  return rejected(pipeline, item, undefined, reason, error.message);
}

function rejected(
  { tenant = TENANT_DEFAULT, timestamp, contentType }: IngestPipeline,
  item: unknown,
  record: unknown,
  reason: RejectReason,
  message: string,
): Rejected {
  const moment = timestamp?.(record, item);
  const isBytes = isBytesLike(item);
  return {
    kind: 'rejected',
    tenant: typeof tenant === 'function' ? tenant(record, item) : tenant,
    reason,
    detail: message.slice(0, DETAIL_CHARACTERS_MAX),
    payload: isBytes ? item : jsonOf(item),
    contentType: contentType ?? typeOf(item),
    timestampMs: moment === undefined ? undefined : msOf(moment),
  };
}

async function step<T>(reason: RejectReason, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Step(reason, error);
  }
}

async function validated({ validate }: IngestPipeline, record: unknown): Promise<unknown> {
  if (validate === undefined) return record;
  if (isStandardSchema(validate)) {
    const result = await validate['~standard'].validate(record);
    if (result.issues !== undefined) throw new StemeError('STEME_INVALID_VALUE', describeIssues(result.issues));
    return result.value;
  }
  await validate(record);
  return record;
}

function valueOfItem(item: unknown, record: unknown): BytesLike {
  return isBytesLike(item) ? item : jsonOf(record);
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

function typeOf(item: unknown): string {
  if (typeof item === 'string') return TEXT_TYPE;
  return item instanceof Uint8Array ? '' : JSON_TYPE;
}

function isBytesLike(item: unknown): item is BytesLike {
  return typeof item === 'string' || item instanceof Uint8Array;
}
