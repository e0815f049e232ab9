import { isDoubtful, isMet, type Judgement } from './goals.js';
import type { Spread } from './spread.js';

/** Three digits that count, and no more of them than a noisy figure has. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '';
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function formatOptional(value: number | undefined): string {
  return value === undefined ? '' : formatFigure(value);
}

/** `1,200–1,900`; empty after one round, which has no spread. */
export function formatRange({ min, max }: Spread, roundCount: number): string {
  return roundCount < 2 ? '' : `${formatFigure(min)}–${formatFigure(max)}`;
}

export function formatRatio(ratio: Spread | undefined): string {
  return ratio === undefined ? '' : `${formatFigure(ratio.median)} ×${rangeInBrackets(ratio)}`;
}

/** From microseconds, in the unit that reads best. */
export function formatUs(us: number | undefined): string {
  if (us === undefined || !Number.isFinite(us)) return '';
  if (us >= 1e6) return `${formatFigure(us / 1e6)} s`;
  return us >= 1000 ? `${formatFigure(us / 1000)} ms` : `${formatFigure(us)} µs`;
}

export function formatMb(bytes: number): string {
  return `${formatFigure(bytes / 1e6)} MB`;
}

export function formatGoal(judgement: Judgement): string {
  return `${judgement.bound === 'at least' ? '≥' : '≤'} ${withUnit(String(judgement.goal), judgement)}`;
}

export function formatReached(judgement: Judgement): string {
  const { reached } = judgement;
  return `${withUnit(formatFigure(reached.median), judgement)}${rangeInBrackets(reached)}`;
}

/** `met` or `MISSED`; with a question mark when some rounds say otherwise. */
export function formatVerdict(judgement: Judgement): string {
  return `${isMet(judgement) ? 'met' : 'MISSED'}${isDoubtful(judgement) ? '?' : ''}`;
}

/** Other figures than ratios have their unit in their name. */
function withUnit(text: string, { peer }: Judgement): string {
  return peer === undefined ? text : `${text} ×`;
}

function rangeInBrackets({ min, max }: Spread): string {
  return min === max ? '' : ` (${formatFigure(min)}–${formatFigure(max)})`;
}
