import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database } from '../../src/engine/api.js';
import { entriesOf } from './scan.js';

const OPERATIONS_PER_BATCH = 3;

/** Numbered batches, the same in every process: what a database holds shows which of them it has, and whether whole. */
export interface BatchPlan {
  readonly seed: number;
  /** Values have up to this many bytes; one in 16 is a hundred times as long, so that its record takes many frames. */
  readonly valueBytesMax: number;
}

export function batchAt(plan: BatchPlan, index: number): Extract<BatchOperation, { type: 'put' }>[] {
  const prng = new Prng(plan.seed + index * 7919);
  const factor = index % 16 === 7 ? 100 : 1;
  return Array.from({ length: OPERATIONS_PER_BATCH }, (_, i) => ({
    type: 'put',
    key: `${String(index).padStart(6, '0')}/${i}`,
    value: prng.fill(Buffer.alloc(prng.below(plan.valueBytesMax) * factor)),
  }));
}

/** How many batches the database has. Throws unless they are the first ones, without a gap, each whole and byte for byte. */
export async function countBatches(db: Database, plan: BatchPlan): Promise<number> {
  const entries = await entriesOf(db);
  for (let start = 0; start < entries.length; start += OPERATIONS_PER_BATCH) {
    const expected = batchAt(plan, start / OPERATIONS_PER_BATCH);
    for (const [i, { key, value }] of expected.entries()) {
      const [foundKey, foundValue] = entries[start + i] ?? ['nothing'];
      if (foundKey !== key) throw new Error(`a torn or invented batch: ${foundKey} stands where ${key} should`);
      if (foundValue?.equals(value as Buffer) !== true) throw new Error(`${key} has a value that was never written`);
    }
  }
  return entries.length / OPERATIONS_PER_BATCH;
}
