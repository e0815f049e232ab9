import { type ReportingChild, startChild } from '../../native-bench/support/child-process.js';
import type { CrashModel, ModelMoment, ModelWrite } from './crash-model.js';
import { type CrashPhase, isPassedOnce, type KillAim, type UsualTimes } from './crash-phase.js';
import { keyOf, type PlannedWrite, planSteps } from './crash-plan.js';
import { type CrashReport, type CrashTask, decodeReport } from './crash-protocol.js';
import { formatName } from './crash-value.js';

/** Of a child that was killed. */
export interface LifeEnd {
  /** What it was in the middle of. */
  readonly inside: ReadonlySet<CrashPhase>;
  readonly checkpoints: readonly BegunCheckpoint[];
  readonly problems: readonly string[];
}

/** A checkpoint that the child asked for, and what has to be in it. */
export interface BegunCheckpoint {
  readonly number: number;
  readonly isMade: boolean;
  readonly moment: ModelMoment;
}

/** A child that does not get to where it is to be killed is killed all the same. */
const LIFE_MS_MAX = 1500;
const HANG_MS = 60_000;

/** Built JavaScript starts in a third of the time that TypeScript takes. */
const CHILD = new URL(`./crash-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** A started child that waits for its task: starting takes longer than most lives, so the next one starts early. */
export class SpareChild {
  readonly #child: ReportingChild;
  #onReport: (report: CrashReport) => void = () => undefined;

  constructor() {
    this.#child = startChild(CHILD, { onReport: (line) => this.#onReport(decodeReport(line)) });
  }

  /** Gives it its task, kills it as `aim` says, and tells the model what it did until then. */
  async liveAndDie(task: CrashTask, aim: KillAim, model: CrashModel, times: UsualTimes): Promise<LifeEnd> {
    const life = new Life(task, aim, model, times, () => this.#child.process.kill('SIGKILL'));
    this.#onReport = (report) => life.take(report);
    this.#child.process.stdin?.write(`${JSON.stringify(task)}\n`);
    const { signal } = await this.#child.ended;
    return life.end(signal);
  }

  async stop(): Promise<void> {
    this.#child.process.kill('SIGKILL');
    await this.#child.ended;
  }
}

class Life {
  readonly #task: CrashTask;
  readonly #aim: KillAim;
  readonly #model: CrashModel;
  readonly #times: UsualTimes;
  readonly #kill: () => void;
  readonly #writes: Iterator<PlannedWrite>;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Of those that it is in now; some it can be in twice. */
  readonly #entries: { readonly phase: CrashPhase; readonly atMs: number }[] = [];
  readonly #checkpoints = new Map<number, BegunCheckpoint>();
  readonly #problems: string[] = [];
  #occurrences = 0;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(task: CrashTask, aim: KillAim, model: CrashModel, times: UsualTimes, kill: () => void) {
    this.#task = task;
    this.#aim = aim;
    this.#model = model;
    this.#times = times;
    this.#kill = kill;
    this.#writes = writesOf(planSteps(task.seed, task.cycle));
    this.#killAfter(HANG_MS, `a child did not get anywhere in ${HANG_MS} ms`);
  }

  take(report: CrashReport): void {
    switch (report.kind) {
      case 'enter':
        this.#enter(report.phase);
        break;
      case 'leave':
        this.#leave(report.phase);
        break;
      case 'begin':
        for (let i = 0; i < report.count; i++) this.#model.begin(this.#nextWrite());
        break;
      case 'ack':
        this.#model.acknowledge(report.index);
        break;
      case 'checkpoint-begin':
      case 'checkpoint-end':
        this.#noteCheckpoint(report.number, report.kind === 'checkpoint-end');
        break;
      case 'failure':
        this.#problem(report.message);
    }
  }

  end(signal: NodeJS.Signals | null): LifeEnd {
    for (const timer of this.#timers) clearTimeout(timer);
    if (signal !== 'SIGKILL') this.#problem('a child ended by itself');
    for (const { phase, atMs } of this.#entries) this.#times.learnAtLeast(phase, performance.now() - atMs);
    const inside = new Set(this.#entries.map(({ phase }) => phase));
    const checkpoints = [...this.#checkpoints.values()];
    const begunCount = this.#model.begunCount;
    return {
      inside,
      // What was begun until the kill may be in one that was not reported made.
      checkpoints: checkpoints.map((one) => (one.isMade ? one : { ...one, moment: { ...one.moment, begunCount } })),
      problems: this.#problems,
    };
  }

  #enter(phase: CrashPhase): void {
    this.#entries.push({ phase, atMs: performance.now() });
    if (phase === 'opening' || phase === 'recovery') this.#killAfter(LIFE_MS_MAX);
    if (phase === this.#aim.phase && ++this.#occurrences >= this.#aim.occurrence && this.#killTimer === undefined) {
      this.#killTimer = this.#killAfter(this.#times.delayMs(this.#aim));
    }
  }

  #leave(phase: CrashPhase): void {
    const place = this.#entries.findIndex((entry) => entry.phase === phase);
    if (place < 0) throw new Error(`the child left ${phase}, where it was not`);
    const [{ atMs }] = this.#entries.splice(place, 1);
    this.#times.learn(phase, performance.now() - atMs);
    if (phase !== this.#aim.phase || isPassedOnce(phase)) return;
    // It was over sooner than usual: the next one will do.
    clearTimeout(this.#killTimer);
    this.#killTimer = undefined;
  }

  #killAfter(delayMs: number, problem?: string): NodeJS.Timeout {
    const kill = (): void => {
      if (problem !== undefined) this.#problem(problem);
      this.#kill();
    };
    const timer = setTimeout(kill, delayMs);
    this.#timers.push(timer);
    return timer;
  }

  /** The plan again, as far as the child has begun it. */
  #nextWrite(): ModelWrite {
    const next = this.#writes.next();
    if (next.done === true) throw new Error('the child writes more than was planned');
    return toModelWrite(next.value);
  }

  #noteCheckpoint(number: number, isMade: boolean): void {
    const acknowledged = this.#checkpoints.get(number)?.moment.acknowledged ?? this.#model.acknowledged;
    const moment = { acknowledged, begunCount: this.#model.begunCount };
    this.#checkpoints.set(number, { number, isMade, moment });
  }

  #problem(message: string): void {
    this.#problems.push(`cycle ${this.#task.cycle}: ${message}`);
  }
}

function* writesOf(steps: ReturnType<typeof planSteps>): Generator<PlannedWrite> {
  for (const step of steps) if (step.kind === 'write' || step.kind === 'load') yield* step.writes;
}

function toModelWrite(write: PlannedWrite): ModelWrite {
  const records = write.records.map(({ kind, name }) => ({
    key: keyOf(name.keyId),
    outcome: kind === 'put' ? formatName(name) : undefined,
  }));
  return { index: write.index, records };
}
