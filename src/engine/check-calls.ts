import { InvalidOptionsError, StemeError } from '../base/errors.js';
import { PROFILE_SECONDS_MAX, PROFILE_SECONDS_MIN } from '../base/limits.js';
import type { BulkLoadOptions, CheckpointOptions, ProfileOptions } from './api.js';
import { ttlProblems } from './check-writes.js';

/** Errors: STEME_INVALID_OPTION with every problem named. */
export function checkCheckpointCall(directory: string, options: CheckpointOptions): void {
  if (typeof directory !== 'string' || directory === '') {
    throw new StemeError('STEME_INVALID_OPTION', 'the directory of a checkpoint must be a path');
  }
  const { signal, onProgress, placeFile } = options;
  refuseProblems([
    ...signalProblems(signal),
    ...functionProblems('onProgress', onProgress),
    ...functionProblems('placeFile', placeFile),
  ]);
}

/** Errors: STEME_INVALID_OPTION with every problem named. */
export function checkBulkLoadCall({ signal, ttlMs, onProgress }: BulkLoadOptions): void {
  refuseProblems([
    ...(ttlMs === undefined ? [] : ttlProblems(ttlMs, true)),
    ...signalProblems(signal),
    ...functionProblems('onProgress', onProgress),
  ]);
}

/** Errors: STEME_INVALID_OPTION with every problem named. */
export function checkProfileCall({ seconds, kind, signal }: ProfileOptions): void {
  const isNumber = typeof seconds === 'number';
  const isLegal =
    seconds === undefined || (isNumber && seconds >= PROFILE_SECONDS_MIN && seconds <= PROFILE_SECONDS_MAX);
  refuseProblems([
    ...(isLegal ? [] : [`seconds must be a number from ${PROFILE_SECONDS_MIN} to ${PROFILE_SECONDS_MAX}`]),
    ...(kind === undefined || kind === 'cpu' || kind === 'alloc' ? [] : ["kind must be 'cpu' or 'alloc'"]),
    ...signalProblems(signal),
  ]);
}

export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

export function signalProblems(signal: AbortSignal | undefined): string[] {
  return signal === undefined || signal instanceof AbortSignal ? [] : ['signal must be an AbortSignal'];
}

export function functionProblems(name: string, value: unknown): string[] {
  return value === undefined || typeof value === 'function' ? [] : [`${name} must be a function`];
}
