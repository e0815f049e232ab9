import type { BatchOperation, Database } from '../../src/engine/api.js';
import { keyAt, type StepOperation, valueText } from './step.js';

/** The write that a step's operation stands for. */
export function batchOperation(operation: StepOperation, id: number, part: number): BatchOperation {
  const key = keyAt(operation.key);
  switch (operation.type) {
    case 'put': {
      const value = valueText(id, part, operation.valueBytes);
      return operation.ttlMs === undefined
        ? { type: 'put', key, value }
        : { type: 'put', key, value, ttlMs: operation.ttlMs };
    }
    case 'del':
      return { type: 'del', key };
    case 'delRange':
      return { type: 'delRange', gte: key, lt: keyAt(operation.endKey) };
  }
}

export function writeOne(db: Database, operation: BatchOperation, sync: boolean): Promise<void> {
  switch (operation.type) {
    case 'put':
      return db.put(operation.key, operation.value, { sync, ...ttlOf(operation) });
    case 'del':
      return db.del(operation.key, { sync });
    case 'delRange':
      return db.deleteRange(operation.gte, operation.lt, { sync });
  }
}

export function ttlOf({ ttlMs }: { readonly ttlMs?: number }): { ttlMs?: number } {
  return ttlMs === undefined ? {} : { ttlMs };
}
