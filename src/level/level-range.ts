import type { AbstractSnapshot } from 'abstract-level';
import type { BytesLike } from '../engine/api.js';
import type { RangeOptions } from '../read/bounds.js';
import { toEngineKey } from './level-key.js';

/** Range options as abstract-level hands them down: encoded, with its defaults filled in. */
export interface LevelRange {
  readonly gt?: BytesLike;
  readonly gte?: BytesLike;
  readonly lt?: BytesLike;
  readonly lte?: BytesLike;
  readonly reverse: boolean;
  /** -1: none. */
  readonly limit: number;
  readonly snapshot?: AbstractSnapshot | undefined;
}

/** The bounds with their keys as the engine has them. */
export function engineRange({ gt, gte, lt, lte }: LevelRange): RangeOptions {
  return { gt: engineBound(gt), gte: engineBound(gte), lt: engineBound(lt), lte: engineBound(lte) };
}

function engineBound(bound: BytesLike | undefined): Uint8Array | undefined {
  return bound === undefined ? undefined : toEngineKey(bound);
}
