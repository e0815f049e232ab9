import { JUDGED_FIGURES, type JudgedFigure, logRatiosOf, type Pair, type Sample, type Side } from './sample.js';
import { type Judgement, type JudgeSettings, judgeAll } from './statistics/judge.js';
import { probeSizeOf, type SuiteEntry } from './suite.js';

/** Runs one workload on one build, in a fresh process and directory. */
export type Measure = (side: Side, entry: SuiteEntry, seed: number) => Promise<Sample>;

export interface FigureComparison extends Judgement {
  readonly figure: JudgedFigure;
}

export interface WorkloadComparison {
  readonly entry: SuiteEntry;
  readonly pairs: readonly Pair[];
  /** Empty where the workload was skipped. */
  readonly figures: readonly FigureComparison[];
  /** Why there is nothing to compare. */
  readonly skipped?: string;
}

export interface CompareSettings extends JudgeSettings {
  /** Told before each process, for a progress bar. */
  readonly onProcess?: (entry: SuiteEntry, pair: number) => void;
}

/** One workload while pairs of it are being measured. */
class Course {
  readonly entry: SuiteEntry;
  readonly skipped: string | undefined;
  readonly pairs: Pair[] = [];
  figures: readonly FigureComparison[] = [];
  isSettled: boolean;

  constructor(entry: SuiteEntry, skipped: string | undefined) {
    this.entry = entry;
    this.skipped = skipped;
    this.isSettled = skipped !== undefined;
  }
}

/**
 * Measures pairs of all workloads in turn, so that a noisy minute falls on all of them, until each is settled or has had its most
 * pairs. Within pairs the builds go first by turns (A B B A …): what drifts steadily favours neither.
 */
export async function compareBuilds(
  suite: readonly SuiteEntry[],
  measure: Measure,
  settings: CompareSettings,
): Promise<WorkloadComparison[]> {
  const courses: Course[] = [];
  for (const entry of suite) courses.push(new Course(entry, await reasonToSkip(entry, measure, settings)));
  const { looks } = settings.plan;
  for (let pair = 0; pair < looks[looks.length - 1] && courses.some((course) => !course.isSettled); pair++) {
    for (const course of courses) {
      if (course.isSettled) continue;
      settings.onProcess?.(course.entry, pair);
      course.pairs.push(await measurePair(course.entry, measure, pair, settings.seed + pair));
    }
    if (looks.includes(pair + 1)) look(courses, settings);
  }
  return courses.map(({ entry, pairs, figures, skipped }) => ({ entry, pairs, figures, skipped }));
}

/** The first run of each also fills the caches of the system. What fails on the candidate is no reason to skip, but a failure. */
async function reasonToSkip(
  entry: SuiteEntry,
  measure: Measure,
  { seed, onProcess }: CompareSettings,
): Promise<string | undefined> {
  const probe = probeSizeOf(entry);
  onProcess?.(entry, 0);
  await measure('candidate', probe, seed);
  try {
    await measure('base', probe, seed);
    return undefined;
  } catch (error) {
    return `the base cannot run it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function measurePair(entry: SuiteEntry, measure: Measure, index: number, seed: number): Promise<Pair> {
  if (index % 2 === 0) {
    const base = await measure('base', entry, seed);
    return { seed, first: 'base', base, candidate: await measure('candidate', entry, seed) };
  }
  const candidate = await measure('candidate', entry, seed);
  return { seed, first: 'candidate', base: await measure('base', entry, seed), candidate };
}

/** Judges all that was measured so far, and ends the workloads of which more pairs would say nothing new. */
function look(courses: readonly Course[], settings: CompareSettings): void {
  const judged = courses.flatMap((course) =>
    JUDGED_FIGURES.flatMap((figure) => {
      const logRatios = course.pairs.length === 0 ? undefined : logRatiosOf(course.pairs, figure);
      return logRatios === undefined ? [] : [{ course, figure, logRatios }];
    }),
  );
  const judgements = judgeAll(
    judged.map(({ logRatios }) => logRatios),
    settings,
  );
  for (const course of courses) {
    if (course.skipped !== undefined) continue;
    course.figures = judgements.flatMap((judgement, index) =>
      judged[index].course === course ? [{ figure: judged[index].figure, ...judgement }] : [],
    );
    course.isSettled ||= isSettled(course.figures);
  }
}

/** A slowdown of one figure settles the workload; everything else has to be known of all figures. */
function isSettled(figures: readonly FigureComparison[]): boolean {
  if (figures.some(({ verdict }) => verdict === 'slower')) return true;
  return figures.every(({ verdict }) => verdict === 'same' || verdict === 'faster');
}
