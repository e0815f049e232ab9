import { type ReportingChild, startChild } from '../../native-bench/support/child-process.js';
import type { StemeError } from '../../src/base/errors.js';
import { openHurried } from './quarantine-engine.js';
import { QuarantineModel, type QuarantineVerdict } from './quarantine-model.js';
import { observeQuarantine, type QuarantineFindings } from './quarantine-observation.js';
import type { QuarantineAim, QuarantinePhase } from './quarantine-phase.js';
import { planAim, planQuarantineOptions } from './quarantine-plan.js';
import {
  decodeQuarantineReport,
  type QuarantineReport,
  type QuarantineSabotage,
  type QuarantineTask,
} from './quarantine-protocol.js';

export interface QuarantineCycleResult {
  readonly verdict: QuarantineVerdict;
  /** Wrong bytes, disagreeing reads, failures and hangs: all that is wrong beyond the verdict. */
  readonly problems: readonly string[];
  readonly aimed: QuarantineAim['phase'];
  /** What the child was in the middle of when it was killed. */
  readonly inside: ReadonlySet<QuarantinePhase>;
  readonly acknowledged: number;
  readonly replayed: number;
  readonly verified: number;
}

export interface QuarantineSetting {
  readonly directory: string;
  readonly seed: number;
  readonly sabotage?: QuarantineSabotage;
}

/** After so many lives the judge opens the database for writing too, and closes it in peace. */
const LIVES_PER_PEACE = 6;
/** A child that does not get to where it is to be killed is killed all the same. */
const LIFE_MS_MAX = 900;
const HANG_MS = 60_000;
const CHILD = new URL(`./quarantine-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** Kills one database again and again in its work with the quarantine, and judges it after each time. */
export class QuarantineCycles {
  readonly #setting: QuarantineSetting;
  readonly #model = new QuarantineModel();
  #spare = new Child();
  #feed = 0;
  #seen = 0;

  constructor(setting: QuarantineSetting) {
    this.#setting = setting;
  }

  async run(cycle: number): Promise<QuarantineCycleResult> {
    const { sabotage, ...setting } = this.#setting;
    const aim = planAim(setting.seed, cycle);
    const task = { ...setting, cycle, aim, feed: this.#feed, ...(sabotage !== undefined && { sabotage }) };
    const child = this.#spare;
    this.#spare = new Child();
    const replayedBefore = this.#seen;
    const { inside, problems } = await child.liveAndDie(task, (report) => this.#take(report));
    const endedAtMs = Date.now();
    const findings = await this.#observe(cycle, true);
    const verdict = this.#model.judge(findings, endedAtMs);
    problems.push(...findings.problems);
    if (cycle % LIVES_PER_PEACE === LIVES_PER_PEACE - 1) {
      const again = await this.#observe(cycle, false);
      problems.push(...again.problems, ...differences(findings, again));
    }
    this.#model.adopt(findings);
    this.#seen = findings.done.length;
    const acknowledged = this.#model.acknowledgedCount;
    this.#model.acknowledgedCount = 0;
    return {
      verdict,
      problems: problems.map((problem) => `cycle ${cycle}: ${problem}`),
      aimed: aim.phase,
      inside,
      acknowledged,
      replayed: this.#seen - replayedBefore,
      verified: findings.entries.length + findings.done.length,
    };
  }

  async stop(): Promise<void> {
    await this.#spare.stop();
  }

  #take(report: QuarantineReport): void {
    switch (report.kind) {
      case 'begin':
        this.#model.begin({ tenant: report.tenant, id: report.id }, report.atMs);
        break;
      case 'ack':
        this.#model.acknowledge(report, report.number);
        break;
      case 'purge':
        this.#model.beginPurge(report.tenant);
        break;
      case 'replay':
        this.#model.beginReplay(report.run);
        break;
      case 'replayed':
        this.#model.endReplay(report.tenant, report.run, report.ids);
        break;
      case 'ingest':
        this.#model.beginFeed(report.feed);
        break;
      case 'ingested':
        this.#feed = report.feed + 1;
        this.#model.endFeed(report.feed);
        break;
      default:
      // What it is in the middle of is not for the model.
    }
  }

  /** Read only: what the kill left is left for the next life to recover. */
  async #observe(cycle: number, readOnly: boolean): Promise<QuarantineFindings> {
    const { directory, seed } = this.#setting;
    const warnings: string[] = [];
    const hear = ({ message }: StemeError): void => {
      warnings.push(`the judge was warned: ${message}`);
    };
    // Nothing gets old under the judge.
    const options = { ...planQuarantineOptions(seed, cycle), quarantine: { retentionMs: 0 }, readOnly };
    const db = await openHurried(directory, options, hear);
    const findings = await observeQuarantine(db);
    await db.close();
    return { ...findings, problems: [...findings.problems, ...warnings] };
  }
}

interface LifeEnd {
  readonly inside: ReadonlySet<QuarantinePhase>;
  readonly problems: string[];
}

/** A started child that waits for its task: starting takes longer than most lives, so the next one starts early. */
class Child {
  readonly #child: ReportingChild;
  #onReport: (report: QuarantineReport) => void = () => undefined;

  constructor() {
    this.#child = startChild(CHILD, { onReport: (line) => this.#onReport(decodeQuarantineReport(line)) });
  }

  /** Gives it its task and waits for its end, which it brings about itself unless it does not get there. */
  async liveAndDie(task: QuarantineTask, onReport: (report: QuarantineReport) => void): Promise<LifeEnd> {
    const inside = new Set<QuarantinePhase>();
    const problems: string[] = [];
    const timers: NodeJS.Timeout[] = [];
    const killAfter = (delayMs: number, problem?: string): void => {
      const kill = (): void => {
        if (problem !== undefined) problems.push(problem);
        this.#child.process.kill('SIGKILL');
      };
      timers.push(setTimeout(kill, delayMs));
    };
    killAfter(HANG_MS, `a child did not get anywhere in ${HANG_MS} ms`);
    this.#onReport = (report) => {
      onReport(report);
      if (report.kind === 'failure') problems.push(report.message);
      if (report.kind === 'enter') inside.add(report.phase);
      if (report.kind !== 'leave') return;
      inside.delete(report.phase);
      if (report.phase === 'opening') killAfter(task.aim.phase === 'any' ? task.aim.delayMs : LIFE_MS_MAX);
    };
    this.#child.process.stdin?.write(`${JSON.stringify(task)}\n`);
    const { signal } = await this.#child.ended;
    for (const timer of timers) clearTimeout(timer);
    if (signal !== 'SIGKILL') problems.push('a child ended by itself');
    return { inside, problems };
  }

  async stop(): Promise<void> {
    this.#child.process.kill('SIGKILL');
    await this.#child.ended;
  }
}

/** What is opened for writing shows what was shown read only. */
function differences(before: QuarantineFindings, after: QuarantineFindings): string[] {
  const linesOf = ({ entries, done }: QuarantineFindings): Set<string> =>
    new Set([...entries, ...done].map((one) => JSON.stringify(one)));
  const [shownBefore, shownAfter] = [linesOf(before), linesOf(after)];
  const lines = [...new Set([...shownBefore, ...shownAfter])];
  return lines
    .filter((line) => shownBefore.has(line) !== shownAfter.has(line))
    .map((line) => `${line} is ${shownAfter.has(line) ? 'only there' : 'not there'} once it is opened for writing`);
}
