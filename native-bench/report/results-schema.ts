import * as v from 'valibot';
import { ENGINE_NAMES } from '../peers/bench-engine.js';
import { RESULTS_FORMAT_VERSION, type ResultsFile } from './results-file.js';

const figure = v.pipe(v.number(), v.finite());
const figures = v.record(v.string(), figure);
const engine = v.picklist(ENGINE_NAMES);

const settings = v.object({
  isQuick: v.boolean(),
  rounds: figure,
  seed: figure,
  engines: v.array(engine),
  recordCount: figure,
  valueBytes: figure,
  durationMs: figure,
  libuvThreads: figure,
});

const machine = v.object({
  node: v.string(),
  platform: v.string(),
  cpu: v.string(),
  cores: figure,
  memoryBytes: figure,
  fileSystem: v.string(),
  loadAtStart: figure,
});

const limits = v.object({
  sequentialWriteMbPerS: figure,
  sequentialReadMbPerS: v.optional(figure),
  cachedReadMbPerS: figure,
  appendSyncUsP50: figure,
  appendSyncUsP99: figure,
  overwriteSyncUsP50: figure,
  overwriteSyncUsP99: figure,
  memoryCopyMbPerS: figure,
  mapGetNs: figure,
  threadRoundTripUsP50: figure,
  threadRoundTripUsP99: figure,
});

const workload = v.object({
  name: v.string(),
  description: v.string(),
  isDurable: v.boolean(),
  unit: v.string(),
  ratioGoal: v.optional(figure),
  ratioGoalPeer: v.optional(engine),
  limits: v.optional(v.array(v.object({ figure: v.string(), min: v.optional(figure), max: v.optional(figure) }))),
});

const run = v.object({
  workload: v.string(),
  engine,
  round: figure,
  figures: v.object({
    operations: figure,
    elapsedMs: figure,
    latencyUs: v.optional(v.object({ p50: figure, p99: figure, p999: figure, max: figure })),
    writtenUserBytes: v.optional(figure),
    liveUserBytes: v.optional(figure),
    also: v.optional(figures),
  }),
  process: v.object({
    cpuSeconds: figure,
    rssBytesMax: figure,
    writtenBytes: figure,
    readBytes: figure,
    eventLoopDelayMsP99: figure,
    eventLoopDelayMsMax: figure,
    storedBytes: figure,
  }),
  counters: figures,
});

const resultsFile = v.object({
  formatVersion: v.literal(RESULTS_FORMAT_VERSION),
  date: v.pipe(v.string(), v.isoTimestamp()),
  commit: v.string(),
  settings,
  machine,
  limits: v.optional(limits),
  notes: v.array(v.string()),
  workloads: v.array(workload),
  runs: v.array(run),
  failures: v.array(v.object({ workload: v.string(), engine, round: figure, message: v.string() })),
});

/** Reads a results file that may come from anywhere; an error names everything that is wrong with it. */
export function parseResults(text: string): ResultsFile {
  const parsed = v.safeParse(resultsFile, parseJson(text));
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`);
  throw new Error(`this is not a results file of format ${RESULTS_FORMAT_VERSION}: ${problems.join('; ')}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('this is not a results file: it is not JSON', { cause });
  }
}
