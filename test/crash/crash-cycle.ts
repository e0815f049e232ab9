import { type EngineModule, loadEngine } from '../../native-bench/support/engine.js';
import { type CheckpointFindings, judgeCheckpoints, removeCheckpoints } from './crash-checkpoints.js';
import { type BegunCheckpoint, type LifeEnd, SpareChild } from './crash-life.js';
import { CrashModel, isSound, type Verdict } from './crash-model.js';
import { observe } from './crash-observation.js';
import { type CrashPhase, type KillAim, UsualTimes } from './crash-phase.js';
import { planKills, planOptions, planRecoveryOptions } from './crash-plan.js';
import type { CrashTask, Sabotage } from './crash-protocol.js';

export interface Kill {
  readonly aimed: CrashPhase;
  readonly inside: ReadonlySet<CrashPhase>;
}

export interface CycleResult {
  readonly verdict: Verdict;
  /** Disorder, disagreeing reads, failures and hangs: all that is wrong beyond the verdict. */
  readonly problems: readonly string[];
  readonly kills: readonly Kill[];
  readonly acknowledged: number;
  readonly recoveryMs: number;
  /** Records that were read and compared, those of checkpoints too. */
  readonly verifiedRecords: number;
  /** Of checkpoints that a kill cut off. */
  readonly wholeCheckpoints: number;
  readonly absentCheckpoints: number;
  /** Where the time of the cycle went. */
  readonly livesMs: number;
  readonly judgingMs: number;
}

export interface CycleSetting {
  readonly directory: string;
  readonly seed: number;
  readonly sabotage?: Sabotage;
}

/** A compaction must change nothing, and keeps the work of a check from growing with the cycles. */
const CYCLES_PER_COMPACTION = 15;
const HANG_MS = 60_000;

/** Kills one database again and again, and judges it after each time. The data stays from cycle to cycle. */
export class CrashCycles {
  readonly #setting: CycleSetting;
  readonly #engine: EngineModule;
  readonly #model = new CrashModel();
  readonly #times = new UsualTimes();
  #spare = new SpareChild();

  private constructor(engine: EngineModule, setting: CycleSetting) {
    this.#engine = engine;
    this.#setting = setting;
  }

  static async start(setting: CycleSetting): Promise<CrashCycles> {
    return new CrashCycles(await loadEngine(), setting);
  }

  async run(cycle: number): Promise<CycleResult> {
    const { seed } = this.#setting;
    const startedAtMs = performance.now();
    const { writer, recoveries } = planKills(seed, cycle);
    const task = this.#taskOf(cycle);
    const kills: Kill[] = [];
    const problems: string[] = [];
    const live = async (life: CrashTask, aim: KillAim): Promise<LifeEnd> => {
      const end = await this.#liveAndDie(life, aim);
      kills.push({ aimed: aim.phase, inside: end.inside });
      problems.push(...end.problems);
      return end;
    };
    const { checkpoints } = await live(task, writer);
    const recovery = { ...task, mode: 'recover' as const, options: planRecoveryOptions(seed, cycle) };
    for (const aim of recoveries) await live(recovery, aim);
    const livesMs = performance.now() - startedAtMs;
    const options = recoveries.length > 0 ? recovery.options : task.options;
    const judged = await this.#judge({ ...task, options }, checkpoints);
    const judgingMs = performance.now() - startedAtMs - livesMs;
    return { ...judged, problems: [...problems, ...judged.problems], kills, livesMs, judgingMs };
  }

  async stop(): Promise<void> {
    await this.#spare.stop();
    removeCheckpoints(this.#checkpoints);
  }

  get #checkpoints(): string {
    return `${this.#setting.directory}.checkpoints`;
  }

  #taskOf(cycle: number): CrashTask {
    const { directory, seed, sabotage } = this.#setting;
    const options = planOptions(seed, cycle);
    const task: CrashTask = { directory, checkpoints: this.#checkpoints, seed, cycle, options, mode: 'write' };
    return sabotage === undefined ? task : { ...task, sabotage };
  }

  async #liveAndDie(task: CrashTask, aim: KillAim): Promise<LifeEnd> {
    const end = await this.#spare.liveAndDie(task, aim, this.#model, this.#times);
    this.#spare = new SpareChild();
    return end;
  }

  async #judge(task: CrashTask, checkpoints: readonly BegunCheckpoint[]): Promise<Judged> {
    const copies = await withDeadline(this.#judgeCheckpoints(task, checkpoints), 'judging the checkpoints');
    const db = await withDeadline(this.#engine.open(this.#setting.directory, judgeOptions(task)), 'the reopen');
    const recoveryMs = db.stats().recovery.totalMs;
    const observation = await withDeadline(observe(db, this.#model.keys()), 'reading everything');
    const { names } = observation;
    const problems = [...copies.problems, ...observation.problems];
    if (task.cycle % CYCLES_PER_COMPACTION === CYCLES_PER_COMPACTION - 1) {
      await withDeadline(db.compact(), 'a compaction');
      const compacted = await withDeadline(observe(db, this.#model.keys()), 'reading everything after a compaction');
      problems.push(...compacted.problems, ...differences(names, compacted.names));
    }
    await withDeadline(db.close(), 'the close');
    const verdict = joinVerdicts(this.#model.judge(names), copies.verdict);
    const acknowledged = this.#model.acknowledged.size;
    this.#model.adopt(names);
    return {
      verdict,
      problems,
      acknowledged,
      recoveryMs,
      verifiedRecords: names.size + copies.recordCount,
      wholeCheckpoints: copies.wholeCount,
      absentCheckpoints: copies.absentCount,
    };
  }

  async #judgeCheckpoints(task: CrashTask, checkpoints: readonly BegunCheckpoint[]): Promise<CheckpointFindings> {
    const findings = await judgeCheckpoints(
      this.#engine,
      this.#checkpoints,
      checkpoints,
      judgeOptions(task),
      this.#model,
    );
    // The next cycle numbers its own from 0.
    if (isSoundSoFar(findings)) removeCheckpoints(this.#checkpoints);
    return findings;
  }
}

type Judged = Omit<CycleResult, 'kills' | 'livesMs' | 'judgingMs'>;

/** What the judge opens with: nothing goes on by itself under it, and the log stays for the next recovery. */
function judgeOptions({
  options,
}: CrashTask): CrashTask['options'] & { readonly autoCompact: false; readonly flushOnClose: false } {
  return { ...options, autoCompact: false, flushOnClose: false };
}

function isSoundSoFar({ verdict, problems }: CheckpointFindings): boolean {
  return isSound(verdict) && problems.length === 0;
}

function joinVerdicts(a: Verdict, b: Verdict): Verdict {
  return {
    lost: [...a.lost, ...b.lost],
    invented: [...a.invented, ...b.invented],
    torn: [...a.torn, ...b.torn],
    gaps: [...a.gaps, ...b.gaps],
  };
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  return keys.map((key) => `a compaction changed ${key} from ${before.get(key)} to ${after.get(key)}`);
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
