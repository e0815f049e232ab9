import { describe, expect, it } from 'vitest';
import { WORKLOADS, workloadNamed } from '../../../native-bench/workloads/all-workloads.js';
import { measureWorkload } from '../../../native-bench/workloads/measure-workload.js';
import type { WorkloadResult, WorkloadTask } from '../../../native-bench/workloads/workload-result.js';
import { type FakeOptions, FakeStore, fakeMachine } from './fake-engine.js';

const RECORDS = 2000;
const SEED = 1;
const VALUE_BYTES = 100;
const RECORD_BYTES = 116;

async function runOnFake(
  name: string,
  options: FakeOptions = {},
): Promise<{ result: WorkloadResult; store: FakeStore }> {
  const store = new FakeStore(options);
  const task: WorkloadTask = {
    engine: 'stemedb',
    workload: name,
    directory: '',
    recordCount: RECORDS,
    valueBytes: VALUE_BYTES,
    durationMs: 10,
    seed: SEED,
  };
  const result = await measureWorkload(workloadNamed(name), task, store.open, fakeMachine(store, SEED, VALUE_BYTES));
  return { result, store };
}

describe.each(WORKLOADS)('$name', ({ name, isDurable }) => {
  it('gives figures that make sense', async () => {
    const { result } = await runOnFake(name);
    const { figures, process: used, counters } = result;
    expect(figures.operations).toBeGreaterThan(0);
    expect(figures.elapsedMs).toBeGreaterThan(0);
    const latencies = figures.latencyUs === undefined ? [] : Object.values(figures.latencyUs);
    expect(latencies.toSorted((a, b) => a - b)).toEqual(latencies);
    for (const figure of [...latencies, ...Object.values(figures.also ?? {}), ...Object.values(used)])
      expect(figure).toBeGreaterThanOrEqual(0);
    expect(used.rssBytesMax).toBeGreaterThan(0);
    expect(counters.keys).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(JSON.stringify(result, noHole)));
    if (isDurable) expect(figures.writtenUserBytes).toBeGreaterThan(0);
  });
});

describe.each(WORKLOADS.filter((one) => one.limits !== undefined))('$name', ({ name, limits }) => {
  it('limits figures that there are', async () => {
    const { figures, process: used } = (await runOnFake(name)).result;
    for (const { figure, min, max } of limits ?? []) {
      expect({ ...figures.also, ...used }).toHaveProperty(figure);
      expect(min ?? max).toBeGreaterThan(0);
    }
  });
});

/** JSON has no NaN and no infinity: they would come out as null. */
function noHole(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('a figure is no number');
  return value;
}

describe('a workload', () => {
  it('has a name of its own', () => {
    expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length);
  });

  it('that is not there is refused with the names of all', () => {
    expect(() => workloadNamed('fillfast')).toThrow(/"fillfast".*fillseq, fillrandom/);
  });

  it.each(['fillseq', 'fillrandom'])('%s writes each record once', async (name) => {
    const { result, store } = await runOnFake(name);
    expect(result.figures.operations).toBe(RECORDS);
    expect(store.values.size).toBe(RECORDS);
    expect(result.figures.writtenUserBytes).toBe(RECORDS * RECORD_BYTES);
  });

  it('overwrite leaves no more records than were loaded', async () => {
    expect((await runOnFake('overwrite')).store.values.size).toBe(RECORDS);
  });

  it('fillsync counts what was written', async () => {
    const { result, store } = await runOnFake('fillsync-8');
    expect(result.figures.operations).toBe(store.values.size);
  });

  it('sustained writes ten times the records', async () => {
    expect((await runOnFake('sustained')).store.values.size).toBeLessThanOrEqual(10 * RECORDS);
  });

  it('open-clean opens once to load and five times to measure', async () => {
    expect((await runOnFake('open-clean')).store.openings).toBe(6);
  });

  it('multiget counts keys', async () => {
    expect((await runOnFake('multiget')).result.figures.operations % 100).toBe(0);
  });

  it('ycsb-d leaves the records that it inserted', async () => {
    const { result, store } = await runOnFake('ycsb-d');
    expect(store.values.size * RECORD_BYTES).toBe(result.figures.liveUserBytes);
  });

  it.each(['readrandom-sync', 'readmissing-sync', 'readseq-rows'])(
    '%s is left out for an engine without the idiom',
    async (name) => {
      const run = runOnFake(name, { isWithoutIdioms: true });
      await expect(run).rejects.toMatchObject({ name: 'MissingIdiomError' });
    },
  );

  it.each(['fillrandom', 'readrandom-sync', 'readrandom', 'readrandom-cold', 'multiget', 'ycsb-c', 'open-after-crash'])(
    '%s fails if a record is lost',
    async (name) => {
      const isForgotten = (key: Buffer): boolean => key[0] < 128;
      await expect(runOnFake(name, { isForgotten })).rejects.toThrow(/is not (?:there|what was written)/);
    },
  );
});
