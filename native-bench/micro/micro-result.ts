import { formatTable } from '../support/text-table.js';
import { BUDGETS } from './budgets.js';

/** Times of one operation. Percentiles are over samples, each the mean of its operations. */
export interface MicroFigures {
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly meanNs: number;
  /** Half the 95 % confidence interval of the mean, in percent of it. */
  readonly marginPercent: number;
  readonly sampleCount: number;
}

export interface MicroResult {
  readonly name: string;
  /** Missing where the machine does not have what it needs. */
  readonly figures?: MicroFigures;
  readonly unavailableBecause?: string;
}

export type Verdict = 'within' | 'OVER' | 'alternative' | 'unavailable';

/** By the median: what else runs on the machine moves it least. */
export function judge({ name, figures }: MicroResult): Verdict {
  if (figures === undefined) return 'unavailable';
  const budget = BUDGETS[name];
  if (budget === undefined) return 'alternative';
  return figures.p50Ns <= budget.ns ? 'within' : 'OVER';
}

/** The first part of its name. */
export function groupOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

/** One table, a line for each. */
export function formatResults(results: readonly MicroResult[]): string {
  return formatTable([['', 'p50', 'p99', 'mean', '± %', 'budget', 'verdict'], ...results.map(formatRow)]);
}

function formatRow(result: MicroResult): string[] {
  const { name, figures, unavailableBecause } = result;
  const budget = BUDGETS[name];
  const budgetText = budget === undefined ? '' : formatNs(budget.ns);
  if (figures === undefined) return [name, '', '', '', '', budgetText, `unavailable: ${unavailableBecause ?? ''}`];
  const { p50Ns, p99Ns, meanNs, marginPercent } = figures;
  const times = [p50Ns, p99Ns, meanNs].map(formatNs);
  return [name, ...times, marginPercent.toFixed(1), budgetText, judge(result)];
}

/** Three digits: `8.52 ns`, `431 ns`, `1.27 µs`, `164 µs`. */
export function formatNs(ns: number): string {
  const [value, unit] = ns < 999.5 ? [ns, 'ns'] : [ns / 1000, 'µs'];
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(decimals)} ${unit}`;
}

export function formatSummary(results: readonly MicroResult[]): string {
  const verdicts = results.map(judge);
  const count = (wanted: Verdict): number => verdicts.filter((verdict) => verdict === wanted).length;
  const over = results.filter((result) => judge(result) === 'OVER').map(({ name }) => name);
  const counts = `${count('within')} within budget, ${over.length} over`;
  return over.length === 0 ? counts : `${counts}: ${over.join(', ')}`;
}

/** For machines: budgets and verdicts are in it, so that nobody has to know this table. */
export function toJson(results: readonly MicroResult[], run: Readonly<Record<string, unknown>>): string {
  const micros = results.map((result) => ({ ...result, budgetNs: BUDGETS[result.name]?.ns, verdict: judge(result) }));
  return `${JSON.stringify({ ...run, micros }, undefined, 2)}\n`;
}
