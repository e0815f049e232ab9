import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineModule } from '../../native-bench/support/engine.js';
import type { Options } from '../../src/engine/options.js';
import type { BegunCheckpoint } from './crash-life.js';
import type { CrashModel, Verdict } from './crash-model.js';
import { observe } from './crash-observation.js';

export interface CheckpointFindings {
  readonly verdict: Verdict;
  readonly problems: readonly string[];
  /** Of those that were cut off by the kill: whole, or not there. */
  readonly wholeCount: number;
  readonly absentCount: number;
  readonly recordCount: number;
}

/** Of those that were made in peace: each is like the others, so the last one stands for them. */
const JUDGED_MADE_MAX = 1;

/** Whatever the kill met: each checkpoint is there whole or not at all, and holds what was acknowledged when it was asked for. */
export async function judgeCheckpoints(
  engine: EngineModule,
  directory: string,
  checkpoints: readonly BegunCheckpoint[],
  options: Options,
  model: CrashModel,
): Promise<CheckpointFindings> {
  const verdict = { lost: [] as string[], invented: [] as string[], torn: [] as string[], gaps: [] as string[] };
  const problems: string[] = [];
  const made = checkpoints.filter(({ isMade }) => isMade).slice(-JUDGED_MADE_MAX);
  const cutOff = checkpoints.filter(({ isMade }) => !isMade);
  const there = cutOff.filter(({ number }) => existsSync(join(directory, String(number))));
  let recordCount = 0;
  for (const { number, moment } of [...made, ...there]) {
    const prefix = `checkpoint ${number}: `;
    await using db = await engine.open(join(directory, String(number)), { ...options, createIfMissing: false });
    const copied = model.at(moment);
    const observation = await observe(db, copied.keys());
    problems.push(...observation.problems.map((problem) => prefix + problem));
    recordCount += observation.names.size;
    const one = copied.judge(observation.names);
    for (const kind of ['lost', 'invented', 'torn', 'gaps'] as const) {
      verdict[kind].push(...one[kind].map((sentence) => prefix + sentence));
    }
  }
  return {
    verdict,
    problems,
    wholeCount: there.length,
    absentCount: cutOff.length - there.length,
    recordCount,
  };
}

/** Frees the files that they share with the database, what the kill left half done too. */
export function removeCheckpoints(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
