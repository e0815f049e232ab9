import { type ReportingChild, startChild } from '../../native-bench/support/child-process.js';
import { type EngineModule, loadEngine } from '../../native-bench/support/engine.js';
import { Prng } from '../../src/base/prng.js';
import { CrashModel, type ModelWrite, type Verdict } from './crash-model.js';
import { observe } from './crash-observation.js';
import { keyOf, type PlannedWrite, planOptions, planSteps } from './crash-plan.js';
import { type CrashReport, type CrashTask, decodeReport, type Sabotage } from './crash-protocol.js';
import { formatName } from './crash-value.js';

export interface CycleResult {
  readonly verdict: Verdict;
  /** Disorder, disagreeing reads, failures and hangs: all that is wrong beyond the verdict. */
  readonly problems: readonly string[];
  readonly kills: number;
  readonly killsDuringOpen: number;
  readonly acknowledged: number;
  readonly recoveryMs: number;
  readonly keyCount: number;
}

const LIFE_MS_MAX = 300;
const OPENING_MS_MAX = 25;
/** A compaction must change nothing, and keeps the work of a check from growing with the cycles. */
const CYCLES_PER_COMPACTION = 15;
const HANG_MS = 60_000;

/** A started child that waits for its task: starting takes longer than a cycle, so the next one starts early. */
interface SpareChild {
  readonly child: ReportingChild;
  onReport: (report: CrashReport) => void;
}

/** Kills one database again and again, and judges it after each time. The data stays from cycle to cycle. */
export class CrashCycles {
  readonly #directory: string;
  readonly #seed: number;
  readonly #sabotage: Sabotage | undefined;
  readonly #engine: EngineModule;
  readonly #model = new CrashModel();
  #spare: SpareChild = startSpare();

  private constructor(engine: EngineModule, directory: string, seed: number, sabotage?: Sabotage) {
    this.#engine = engine;
    this.#directory = directory;
    this.#seed = seed;
    this.#sabotage = sabotage;
  }

  static async start(directory: string, seed: number, sabotage?: Sabotage): Promise<CrashCycles> {
    return new CrashCycles(await loadEngine(), directory, seed, sabotage);
  }

  async run(cycle: number): Promise<CycleResult> {
    const random = new Prng(Math.imul(this.#seed, 0xc2b2) + cycle);
    const task = this.#taskOf(cycle);
    const problems: string[] = [];
    // Every eighth writer dies while it opens; every third database is killed again while it recovers.
    const isShort = random.chance(1 / 8);
    const lifeMs = random.below(isShort ? OPENING_MS_MAX : LIFE_MS_MAX);
    await this.#runAndKill(task, isShort ? 'opening' : 'open', lifeMs, problems);
    let killsDuringOpen = isShort ? 1 : 0;
    let kills = 1;
    for (; random.chance(1 / 3); kills++, killsDuringOpen++) {
      await this.#runAndKill({ ...task, mode: 'recover' }, 'opening', random.below(OPENING_MS_MAX), problems);
    }
    return { kills, killsDuringOpen, ...(await this.#reopenAndJudge(task, problems)) };
  }

  async stop(): Promise<void> {
    this.#spare.child.process.kill('SIGKILL');
    await this.#spare.child.ended;
  }

  #taskOf(cycle: number): CrashTask {
    const { options, seed } = { options: planOptions(this.#seed, cycle), seed: this.#seed };
    const task: CrashTask = { directory: this.#directory, seed, cycle, options, mode: 'write' };
    return this.#sabotage === undefined ? task : { ...task, sabotage: this.#sabotage };
  }

  /** Gives the task to a child and kills it `lifeMs` after it reported `from`. */
  async #runAndKill(task: CrashTask, from: 'opening' | 'open', lifeMs: number, problems: string[]): Promise<void> {
    const { child } = this.#spare;
    const kill = (): boolean => child.process.kill('SIGKILL');
    const watchdog = setTimeout(() => {
      problems.push(`cycle ${task.cycle}: a child did not get to "${from}" in ${HANG_MS} ms`);
      kill();
    }, HANG_MS);
    const ledger = new Ledger(this.#model, planSteps(task.seed, task.cycle));
    this.#spare.onReport = (report) => {
      if (report.kind === 'failure') problems.push(`cycle ${task.cycle}: ${report.message}`);
      else ledger.take(report);
      if (report.kind === from) setTimeout(kill, lifeMs);
    };
    child.process.stdin?.write(`${JSON.stringify(task)}\n`);
    const { signal } = await child.ended;
    clearTimeout(watchdog);
    if (signal !== 'SIGKILL') problems.push(`cycle ${task.cycle}: a child ended by itself`);
    this.#spare = startSpare();
  }

  async #reopenAndJudge(task: CrashTask, problems: string[]): Promise<Omit<CycleResult, 'kills' | 'killsDuringOpen'>> {
    const db = await withDeadline(this.#engine.open(this.#directory, task.options), 'the reopen');
    const recoveryMs = db.stats().recovery.totalMs;
    const observation = await withDeadline(observe(db, this.#model.keys()), 'reading everything');
    const { names } = observation;
    if (task.cycle % CYCLES_PER_COMPACTION === CYCLES_PER_COMPACTION - 1) {
      await withDeadline(db.compact(), 'a compaction');
      const compacted = await withDeadline(observe(db, this.#model.keys()), 'reading everything after a compaction');
      problems.push(...compacted.problems, ...differences(names, compacted.names));
    }
    await withDeadline(db.close(), 'the close');
    const verdict = this.#model.judge(names);
    const acknowledged = this.#model.acknowledgedCount;
    this.#model.adopt(names);
    return {
      verdict,
      problems: [...problems, ...observation.problems],
      acknowledged,
      recoveryMs,
      keyCount: names.size,
    };
  }
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  return keys.map((key) => `a compaction changed ${key} from ${before.get(key)} to ${after.get(key)}`);
}

/** Turns what a child reports into what the model knows, by making the same plan again as far as it was begun. */
class Ledger {
  readonly #model: CrashModel;
  readonly #writes: Iterator<PlannedWrite>;

  constructor(model: CrashModel, steps: ReturnType<typeof planSteps>) {
    this.#model = model;
    this.#writes = writesOf(steps);
  }

  take(report: CrashReport): void {
    if (report.kind === 'ack') this.#model.acknowledge(report.index);
    if (report.kind !== 'begin') return;
    for (let i = 0; i < report.count; i++) {
      const { value } = this.#writes.next() as IteratorYieldResult<PlannedWrite>;
      this.#model.begin(toModelWrite(value));
    }
  }
}

function* writesOf(steps: ReturnType<typeof planSteps>): Generator<PlannedWrite> {
  for (const step of steps) if (step.kind === 'write') yield* step.writes;
}

function toModelWrite(write: PlannedWrite): ModelWrite {
  const records = write.records.map(({ kind, name }) => ({
    key: keyOf(name.keyId),
    outcome: kind === 'put' ? formatName(name) : undefined,
  }));
  return { index: write.index, records };
}

function startSpare(): SpareChild {
  const child = startChild(new URL('./crash-child.ts', import.meta.url), {
    onReport: (line) => spare.onReport(decodeReport(line)),
  });
  const spare: SpareChild = { child, onReport: () => undefined };
  return spare;
}

async function withDeadline<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${HANG_MS} ms`)), HANG_MS);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
