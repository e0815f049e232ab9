import { RandomRecords, TimeOrderedRecords } from '../workloads/records.js';
import type { RecordSource } from '../workloads/workload.js';
import type { RecoveryTask } from './recovery-task.js';

/** What one row of the benchmark writes: records by index, so that the process that opens the store knows what was in it. */
export function recoveryRecords({ order, seed, valueBytes }: RecoveryTask): RecordSource {
  return order === 'random' ? new RandomRecords(seed, valueBytes) : new TimeOrderedRecords(seed, valueBytes);
}
