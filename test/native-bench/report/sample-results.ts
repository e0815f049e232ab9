import type { ResultsFile, WorkloadFacts, WorkloadRun } from '../../../native-bench/report/results-file.js';

/** Runs as they might have come out, for what is made of them. */
export function sampleRun(
  workload: string,
  engine: WorkloadRun['engine'],
  round: number,
  perSecond: number,
  more: Partial<WorkloadRun['figures']> = {},
): WorkloadRun {
  return {
    workload,
    engine,
    round,
    figures: { operations: perSecond, elapsedMs: 1000, ...more },
    process: {
      cpuSeconds: 1.5,
      rssBytesMax: 200e6,
      writtenBytes: 300e6,
      readBytes: 0,
      eventLoopDelayMsP99: 2,
      eventLoopDelayMsMax: 6,
      storedBytes: 70e6,
    },
    counters: {},
  };
}

export function sampleFacts(name: string, more: Partial<WorkloadFacts> = {}): WorkloadFacts {
  return { name, description: `what ${name} does`, isDurable: false, unit: 'ops/s', ...more };
}

export function sampleResults(more: Partial<ResultsFile> = {}): ResultsFile {
  return {
    formatVersion: 1,
    date: '2026-11-26T02:03:04.000Z',
    commit: 'abc1234',
    settings: {
      isQuick: false,
      rounds: 3,
      seed: 1,
      engines: ['stemedb', 'classic-level', 'lmdb'],
      recordCount: 1_000_000,
      valueBytes: 100,
      durationMs: 5000,
      libuvThreads: 16,
    },
    machine: {
      node: 'v20.20.0',
      platform: 'linux x64',
      cpu: 'some processor',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      fileSystem: 'ext4',
      loadAtStart: 0.1,
    },
    notes: [],
    workloads: [sampleFacts('fillrandom', { ratioGoal: 2 })],
    runs: [
      sampleRun('fillrandom', 'stemedb', 1, 900, { writtenUserBytes: 100e6, liveUserBytes: 100e6 }),
      sampleRun('fillrandom', 'classic-level', 1, 300),
      sampleRun('fillrandom', 'stemedb', 2, 800),
      sampleRun('fillrandom', 'classic-level', 2, 400),
      sampleRun('fillrandom', 'stemedb', 3, 1000),
      sampleRun('fillrandom', 'classic-level', 3, 400),
    ],
    failures: [],
    ...more,
  };
}
