import { COLD_READ_WORKLOAD } from './cold-reads.js';
import { EVENT_LOOP_WORKLOAD } from './event-loop.js';
import { FILL_WORKLOADS } from './fill.js';
import { FILLSYNC_WORKLOADS } from './fillsync.js';
import { LARGE_VALUE_WORKLOADS } from './large-values.js';
import { MULTIGET_WORKLOAD } from './multiget.js';
import { OPENING_WORKLOADS } from './opening.js';
import { POINT_READ_WORKLOADS } from './point-reads.js';
import { READ_WHILE_WRITING_WORKLOAD } from './read-while-writing.js';
import { SCAN_WORKLOADS } from './scans.js';
import { SEEK_RANDOM_WORKLOAD } from './seek-random.js';
import { SUSTAINED_WORKLOAD } from './sustained.js';
import type { Workload } from './workload.js';
import { YCSB_WORKLOADS } from './ycsb.js';

export const WORKLOADS: readonly Workload[] = [
  ...FILL_WORKLOADS,
  SUSTAINED_WORKLOAD,
  ...LARGE_VALUE_WORKLOADS,
  ...FILLSYNC_WORKLOADS,
  ...POINT_READ_WORKLOADS,
  COLD_READ_WORKLOAD,
  MULTIGET_WORKLOAD,
  ...SCAN_WORKLOADS,
  SEEK_RANDOM_WORKLOAD,
  READ_WHILE_WRITING_WORKLOAD,
  ...YCSB_WORKLOADS,
  ...OPENING_WORKLOADS,
  EVENT_LOOP_WORKLOAD,
];

export function workloadNamed(name: string): Workload {
  const workload = WORKLOADS.find((one) => one.name === name);
  if (workload !== undefined) return workload;
  throw new Error(`no workload "${name}": there are ${WORKLOADS.map((one) => one.name).join(', ')}`);
}
