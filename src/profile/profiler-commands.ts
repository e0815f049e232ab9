/** What V8's two profilers are told over the inspector's protocol, the same in every thread. */

export type ThreadProfileKind = 'cpu' | 'alloc';

export interface InspectorCommand {
  readonly method: string;
  readonly params: object;
}

/** Dense enough for a second of work, and some percent of it. */
const CPU_INTERVAL_US = 1000;
/** On average one sample for so many bytes. */
const ALLOCATION_INTERVAL_BYTES = 32 * 1024;

export function startCommands(kind: ThreadProfileKind): InspectorCommand[] {
  if (kind === 'cpu') {
    return [
      { method: 'Profiler.enable', params: {} },
      { method: 'Profiler.setSamplingInterval', params: { interval: CPU_INTERVAL_US } },
      { method: 'Profiler.start', params: {} },
    ];
  }
  const params = {
    samplingInterval: ALLOCATION_INTERVAL_BYTES,
    // What was allocated, not what is left of it.
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  };
  return [{ method: 'HeapProfiler.startSampling', params }];
}

export function stopCommand(kind: ThreadProfileKind): InspectorCommand {
  return { method: kind === 'cpu' ? 'Profiler.stop' : 'HeapProfiler.stopSampling', params: {} };
}
