/** A workload in a process of its own, which says when it was measured, and profiles itself where nobody does it from outside. */
import { writeFileSync } from 'node:fs';
import { ProcessProfiler } from '../../src/profile/process-profiler.js';
import { openEngineOf } from '../peers/open-engine.js';
import { workloadNamed } from '../workloads/all-workloads.js';
import { measureWorkload } from '../workloads/measure-workload.js';
import { thisMachine } from '../workloads/this-machine.js';
import type { Workload } from '../workloads/workload.js';
import { type FlameReport, type FlameTask, TASK_VARIABLE } from './flame-task.js';

const { task, recorder, reportPath } = JSON.parse(process.env[TASK_VARIABLE] ?? '') as FlameTask;
let startNs = 0;
let endNs = 0;
let starting: Promise<ProcessProfiler> | undefined;
let profiler: ProcessProfiler | undefined;
let threads: FlameReport['threads'];

function begin(): void {
  startNs = Number(process.hrtime.bigint());
  if (recorder !== 'v8-cpu' && recorder !== 'v8-alloc') return;
  starting = ProcessProfiler.start(recorder === 'v8-cpu' ? 'cpu' : 'alloc').then((started) => {
    profiler = started;
    return started;
  });
}

function end(): void {
  endNs = Number(process.hrtime.bigint());
  threads = profiler?.stopSync();
}

const workload = workloadNamed(task.workload);
const marked: Workload = {
  ...workload,
  run: (context, meter) =>
    workload.run(context, {
      start: () => {
        meter.start();
        begin();
      },
      stop: () => {
        end();
        meter.stop();
      },
    }),
};
const result = await measureWorkload(marked, task, await openEngineOf(task.engine), thisMachine(task));
if (starting !== undefined && threads === undefined) throw new Error(`${task.workload} is too short for a profile`);
const report: FlameReport = { processId: process.pid, window: { startNs, endNs }, result, threads };
writeFileSync(reportPath, JSON.stringify(report));
