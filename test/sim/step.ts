import type { Options } from '../../src/engine/options.js';
import type { QuarantineStep } from './quarantine-step.js';

/** One operation of a write, before it has a value: `key` is an index of KEYS. */
export type StepOperation =
  | { readonly type: 'put'; readonly key: number; readonly valueBytes: number; readonly ttlMs?: number }
  | { readonly type: 'del'; readonly key: number }
  | { readonly type: 'delRange'; readonly key: number; readonly endKey: number };

/** Part of what may be read: indexes of KEYS, the second one exclusive. */
export interface StepRange {
  readonly key: number;
  readonly endKey: number;
  readonly isReverse: boolean;
}

/**
 * What the workload does next, as plain data: a step means the same whatever other steps are there, so that the shrinker can
 * leave some out. Values are made of the step's `id`.
 */
export type Step = { readonly id: number } & (
  | { readonly kind: 'write'; readonly operations: readonly StepOperation[]; readonly sync: boolean }
  /** `conditionKey` is an index of CONDITION_KEYS; `expects`: the value it has, or one that it has not. */
  | {
      readonly kind: 'compareAndSet';
      readonly conditionKey: number;
      readonly expects: 'right' | 'wrong' | 'absent';
      readonly sync: boolean;
    }
  | { readonly kind: 'putIfAbsent'; readonly conditionKey: number; readonly sync: boolean }
  /** `rivalKey`: another write to what the transaction has read comes first. */
  | {
      readonly kind: 'transaction';
      readonly operations: readonly StepOperation[];
      readonly readKey: number;
      readonly isRivalled: boolean;
      readonly sync: boolean;
    }
  | { readonly kind: 'bulkLoad'; readonly keys: readonly number[]; readonly valueBytes: number }
  | { readonly kind: 'read'; readonly range: StepRange }
  /** Taken if there is none in the slot, else read once more and closed. */
  | { readonly kind: 'snapshot'; readonly slot: number }
  | { readonly kind: 'iterator'; readonly slot: number; readonly range: StepRange }
  | { readonly kind: 'sync' }
  /** `isAwaited`: else the workload goes on meanwhile. */
  | { readonly kind: 'flush' | 'compact'; readonly isAwaited: boolean }
  | { readonly kind: 'checkpoint' }
  /** All writes so far are acknowledged. */
  | { readonly kind: 'settle' }
  | { readonly kind: 'goOn'; readonly count: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reopen'; readonly options: Options }
  | QuarantineStep
);

export type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;

/** Of several lengths, some with a long common start. In order. */
export const KEYS: readonly string[] = Array.from({ length: 24 }, (_, i) => {
  const number = String(i).padStart(2, '0');
  return i % 6 === 5 ? `k-${'long '.repeat(12)}${number}` : `k${number}`;
}).sort();

/** Of conditional writes: nothing on them expires, and no range delete reaches them. */
export const CONDITION_KEYS: readonly string[] = ['s0', 's1', 's2', 's3'];

export const ALL_KEYS: readonly string[] = [...KEYS, ...CONDITION_KEYS];

/** Greater than all of KEYS, less than CONDITION_KEYS. */
const KEYS_END = 'l';

export function keyAt(index: number): string {
  return KEYS[index] ?? KEYS_END;
}

export function valueText(id: number, part: number, valueBytes: number): string {
  return `${id}.${part}:`.padEnd(valueBytes, 'v');
}
