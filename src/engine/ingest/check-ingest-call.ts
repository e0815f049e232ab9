import { InvalidOptionsError } from '../../base/errors.js';
import { QUARANTINE_ID_BYTES_MAX } from '../../base/limits.js';
import type { IngestOptions, IngestPipeline, IngestSource } from './ingest-api.js';
import { isStandardSchema } from './standard-schema.js';

const BATCH_RECORDS_MAX = 100_000;
/** An id of the quarantine is the name, a colon and a position. */
const NAME_BYTES_MAX = QUARANTINE_ID_BYTES_MAX - 17;

/** Errors: STEME_INVALID_OPTION with every problem named. */
export function checkIngestCall(source: IngestSource, pipeline: IngestPipeline, options: IngestOptions): void {
  const problems = [...sourceProblems(source), ...pipelineProblems(pipeline), ...optionProblems(options)];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

function sourceProblems(source: IngestSource): string[] {
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && (Symbol.asyncIterator in source || Symbol.iterator in source)) return [];
  return ['the source must be an iterable, an async iterable or a stream'];
}

function pipelineProblems(pipeline: IngestPipeline): string[] {
  if (typeof pipeline !== 'object' || pipeline === null) return ['the pipeline must be an object with a function key'];
  const { parse, validate, key, value, tenant, timestamp, contentType } = pipeline;
  const problems: string[] = [];
  if (typeof key !== 'function') problems.push('key must be a function');
  for (const [name, step] of Object.entries({ parse, value, timestamp })) {
    if (step !== undefined && typeof step !== 'function') problems.push(`${name} must be a function`);
  }
  if (validate !== undefined && typeof validate !== 'function' && !isStandardSchema(validate)) {
    problems.push('validate must be a function or a schema that keeps to Standard Schema');
  }
  if (tenant !== undefined && typeof tenant !== 'string' && typeof tenant !== 'function') {
    problems.push('tenant must be a text or a function');
  }
  if (contentType !== undefined && typeof contentType !== 'string') problems.push('contentType must be a text');
  return problems;
}

function optionProblems({ name, batchRecords, signal, onProgress }: IngestOptions): string[] {
  const problems: string[] = [];
  if (name !== undefined && !isName(name))
    problems.push(`name must be a text of 1 to ${NAME_BYTES_MAX} bytes in UTF-8`);
  const isCount =
    batchRecords === undefined ||
    (Number.isInteger(batchRecords) && batchRecords >= 1 && batchRecords <= BATCH_RECORDS_MAX);
  if (!isCount) problems.push(`batchRecords must be a whole number from 1 to ${BATCH_RECORDS_MAX}`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) problems.push('signal must be an AbortSignal');
  if (onProgress !== undefined && typeof onProgress !== 'function') problems.push('onProgress must be a function');
  return problems;
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && Buffer.byteLength(name, 'utf8') <= NAME_BYTES_MAX;
}
