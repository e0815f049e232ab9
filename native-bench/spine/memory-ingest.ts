import { readFileSync } from 'node:fs';
import { slope } from '../support/samples.js';
import { ingestAsync } from './async-ingest.js';
import type { Measurements, WorkloadContext } from './workload.js';

const SAMPLE_INTERVAL_MS = 250;
/** The part of the run, at its end, over which memory has to be flat. */
const SETTLED_FRACTION = 0.6;

interface MemorySample {
  readonly elapsedMs: number;
  readonly rssBytes: number;
  /** Heap, arenas and buffers: memory that only this process can give back. */
  readonly anonymousBytes: number;
  /** Mapped files: pages that the system takes back when it likes. */
  readonly fileBytes: number;
}

/** Ingests all records and looks at the resident memory of this process four times a second. */
export async function memoryWorkload({ data, openEngine, recordCount }: WorkloadContext): Promise<Measurements> {
  const startMs = performance.now();
  const samples: MemorySample[] = [];
  const engine = await openEngine();
  const timer = setInterval(() => samples.push(sampleMemory(performance.now() - startMs)), SAMPLE_INTERVAL_MS);
  await ingestAsync(engine, data, recordCount);
  clearInterval(timer);
  samples.push(sampleMemory(performance.now() - startMs));
  const counters = engine.counters();
  await engine.close();
  const lastMs = samples[samples.length - 1].elapsedMs;
  const settled = samples.filter((sample) => sample.elapsedMs >= lastMs * (1 - SETTLED_FRACTION));
  // Records go in at an even pace, so a share of the time is that share of the records.
  const points = settled.map(({ elapsedMs, rssBytes }) => ({
    x: ((elapsedMs / lastMs) * recordCount) / 1e6,
    y: rssBytes / 1e6,
  }));
  return {
    memoryRecords: recordCount,
    memorySeconds: lastMs / 1000,
    rssMaxBytes: maxOf(samples, (sample) => sample.rssBytes),
    rssAnonymousMaxBytes: maxOf(samples, (sample) => sample.anonymousBytes),
    rssFileMaxBytes: maxOf(samples, (sample) => sample.fileBytes),
    externalBytes: process.memoryUsage().external,
    rssSlopeMbPerMRecords: slope(points),
    ...counters,
  };
}

function sampleMemory(elapsedMs: number): MemorySample {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    elapsedMs,
    rssBytes: fieldBytes(status, 'VmRSS'),
    anonymousBytes: fieldBytes(status, 'RssAnon') + fieldBytes(status, 'RssShmem'),
    fileBytes: fieldBytes(status, 'RssFile'),
  };
}

function fieldBytes(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  if (match === null) throw new Error(`/proc/self/status has no ${field}`);
  return Number(match[1]) * 1024;
}

function maxOf(samples: readonly MemorySample[], figure: (sample: MemorySample) => number): number {
  return samples.reduce((max, sample) => Math.max(max, figure(sample)), 0);
}
