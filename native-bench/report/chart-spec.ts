/** What each chart shows, as plain data: the page's own script (page/charts.js) draws it with Chart.js. */
import { isLowerBetter } from './headline.js';
import { OURS, type WorkloadSummary } from './summary.js';

export interface ChartSpec {
  /** Of the element that it is drawn in. */
  readonly id: string;
  /** Read out instead of the drawing; the figures themselves stand in the table. */
  readonly caption: string;
  readonly labels: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly axis: string;
  readonly isLogarithmic: boolean;
  /** Where bars begin, if that is not the end of the axis: a ratio is more or less than 1. */
  readonly origin?: number;
  /** Ends of the axis; missing: as the figures have it. */
  readonly ends?: readonly [number, number];
}

export interface ChartSeries {
  readonly name: string;
  /** One for each label; null: no such bar. */
  readonly values: readonly (number | null)[];
  /** Lowest and highest round, drawn as a whisker. */
  readonly ranges?: readonly (readonly [number, number] | null)[];
  /** Goals are marks upon the bars of the others. */
  readonly kind: 'bar' | 'goal';
  /** Which bars are ours, if they stand out from the others of the series. */
  readonly isOurs?: readonly boolean[];
}

/** All charts of one workload; an engine that lacks figures leaves a gap, a chart without any is left out. */
export function workloadCharts(summary: WorkloadSummary): ChartSpec[] {
  return [headlineChart(summary), latencyChart(summary), amplificationChart(summary)].filter(
    (chart) => chart !== undefined,
  );
}

function headlineChart({ facts, engines }: WorkloadSummary): ChartSpec {
  const better = isLowerBetter(facts.unit) ? 'less is better' : 'more is better';
  return {
    id: `${facts.name}-headline`,
    caption: `${facts.name}: ${facts.unit} of each engine, ${better}. Whiskers reach from the lowest to the highest round.`,
    labels: engines.map(({ engine }) => engine),
    series: [
      {
        name: facts.unit,
        kind: 'bar',
        values: engines.map(({ headline }) => headline.median),
        ranges: engines.map(({ headline, roundCount }) => (roundCount < 2 ? null : [headline.min, headline.max])),
        isOurs: engines.map(({ engine }) => engine === OURS),
      },
    ],
    axis: facts.unit,
    isLogarithmic: false,
  };
}

const QUANTILES = [
  { field: 'p50', name: 'p50' },
  { field: 'p99', name: 'p99' },
  { field: 'p999', name: 'p99.9' },
  { field: 'max', name: 'max' },
] as const;

function latencyChart({ facts, engines }: WorkloadSummary): ChartSpec | undefined {
  if (engines.every(({ latencyUs }) => latencyUs === undefined)) return undefined;
  return {
    id: `${facts.name}-latency`,
    caption: `${facts.name}: latency in µs of each engine, on a logarithmic axis, less is better.`,
    labels: engines.map(({ engine }) => engine),
    series: QUANTILES.map(({ field, name }) => ({
      name,
      kind: 'bar',
      values: engines.map(({ latencyUs }) => drawable(latencyUs?.[field])),
    })),
    axis: 'µs',
    isLogarithmic: true,
  };
}

function amplificationChart({ facts, engines }: WorkloadSummary): ChartSpec | undefined {
  const series = (['write', 'read', 'space'] as const).map((kind) => ({
    name: kind,
    kind: 'bar' as const,
    values: engines.map(({ amplification }) => amplification[kind] ?? null),
  }));
  const known = series.filter(({ values }) => values.some((value) => value !== null));
  if (known.length === 0) return undefined;
  return {
    id: `${facts.name}-amplification`,
    caption: `${facts.name}: bytes written, read and stored for one byte of the user's, less is better.`,
    labels: engines.map(({ engine }) => engine),
    series: known,
    axis: "times the user's bytes",
    isLogarithmic: false,
  };
}

/** How StemeDB compares in every workload, with the goals as marks; undefined without peers. */
export function ratioChart(summaries: readonly WorkloadSummary[]): ChartSpec | undefined {
  const compared = summaries
    .map(({ facts, engines, bestPeer }) => {
      const judged =
        facts.ratioGoalPeer === undefined ? bestPeer : engines.find((e) => e.engine === facts.ratioGoalPeer);
      return { facts, ratio: judged?.ratio };
    })
    .filter(({ ratio }) => ratio !== undefined);
  if (compared.length === 0) return undefined;
  return {
    id: 'ratios',
    caption:
      'How many times as good as the best peer StemeDB was in each workload, on a logarithmic axis, and its goals.',
    labels: compared.map(({ facts }) => facts.name),
    series: [
      {
        name: 'times the best peer',
        kind: 'bar',
        values: compared.map(({ ratio }) => drawable(ratio?.median)),
        ranges: compared.map(({ ratio }) =>
          ratio === undefined || ratio.min === ratio.max ? null : [ratio.min, ratio.max],
        ),
      },
      { name: 'goal', kind: 'goal', values: compared.map(({ facts }) => facts.ratioGoal ?? null) },
    ],
    axis: 'times the best peer',
    isLogarithmic: true,
    origin: 1,
    ends: endsAround(compared.flatMap(({ facts, ratio }) => [ratio?.min, ratio?.max, facts.ratioGoal])),
  };
}

/** Half and twice as good at least, and all that is there, with some air. */
function endsAround(ratios: readonly (number | undefined)[]): [number, number] {
  const known = ratios.filter((ratio) => ratio !== undefined && ratio > 0) as number[];
  return [Math.min(0.5, 0.9 * Math.min(...known)), Math.max(2, 1.1 * Math.max(...known))];
}

/** A logarithmic axis has no zero. */
function drawable(value: number | undefined): number | null {
  return value === undefined || value <= 0 ? null : value;
}
