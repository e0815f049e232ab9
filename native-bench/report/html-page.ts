/** One page that needs nothing but itself: figures, style and the chart library stand in it. */
import { type ChartSpec, ratioChart, workloadCharts } from './chart-spec.js';
import { isMet } from './goals.js';
import { escapeHtml, jsonForScript, programForScript } from './html-escape.js';
import { htmlTable } from './html-table.js';
import type { ResultsFile } from './results-file.js';
import { summarize, type WorkloadSummary } from './summary.js';
import { costRows, goalRows, groupTables, limitRows, speedRows } from './table-rows.js';
import { heading } from './text-report.js';

/** What the page is put together from besides the figures. */
export interface PageParts {
  readonly style: string;
  /** Chart.js, as it is meant to be loaded by a page. */
  readonly chartLibrary: string;
  /** Draws the charts out of their specifications. */
  readonly chartScript: string;
}

/** Nothing is loaded from anywhere, and the browser holds the page to that. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

export function htmlReport(results: ResultsFile, parts: PageParts): string {
  const summaries = summarize(results);
  const ratios = ratioChart(summaries);
  const charts = [...(ratios === undefined ? [] : [ratios]), ...summaries.flatMap(workloadCharts)];
  const body = [
    aboutSection(results),
    machineSection(results),
    goalsSection(summaries, ratios),
    ...groupTables(summaries).map(({ title, members }) => groupSection(title, members)),
    failuresSection(results),
  ];
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>StemeDB benchmarks, ${escapeHtml(results.commit)}</title>`,
    `<style>${parts.style}</style>`,
    '</head>',
    `<body><main>${body.join('\n')}</main>`,
    `<script type="application/json" id="charts">${jsonForScript(charts)}</script>`,
    `<script>${programForScript(parts.chartLibrary)}</script>`,
    `<script>${programForScript(parts.chartScript)}</script>`,
    '</body></html>\n',
  ].join('\n');
}

function aboutSection(results: ResultsFile): string {
  const notes = results.notes.map((note) => `<p class="note" role="note">${escapeHtml(note)}</p>`);
  return [
    '<h1>StemeDB beside its peers</h1>',
    ...notes,
    `<p>${heading(results).map(escapeHtml).join('<br>')}</p>`,
    '<p class="about">Figures are medians over the rounds; min–max is the lowest and the highest round, and two rows whose ',
    'ranges overlap are not told apart by this run. A ratio is taken between neighbours in time, round by round. ',
    'A verdict with a question mark would have been another one in some of the rounds.</p>',
  ].join('\n');
}

function machineSection({ limits }: ResultsFile): string {
  if (limits === undefined) return '';
  return section(
    'What this machine allows',
    htmlTable(limitRows(limits), 'Measured in the same run: no row can be better.'),
  );
}

function goalsSection(summaries: readonly WorkloadSummary[], ratios: ChartSpec | undefined): string {
  const judgements = summaries.flatMap((summary) => summary.judgements);
  const parts = ratios === undefined ? [] : [chartFigure(ratios)];
  if (judgements.length > 0) {
    const metCount = judgements.filter(isMet).length;
    parts.push(htmlTable(goalRows(summaries), `${metCount} of ${judgements.length} goals met.`));
  }
  return parts.length === 0 ? '' : section('Goals', parts.join('\n'));
}

function groupSection(title: string, summaries: readonly WorkloadSummary[]): string {
  return section(title, summaries.map(workloadArticle).join('\n'));
}

function workloadArticle(summary: WorkloadSummary): string {
  const { name, description } = summary.facts;
  return [
    `<article><h3 id="${escapeHtml(name)}">${escapeHtml(name)}</h3>`,
    `<p class="about">${escapeHtml(description)}</p>`,
    `<div class="charts">${workloadCharts(summary).map(chartFigure).join('\n')}</div>`,
    htmlTable(speedRows([summary]), `${name}: speed`),
    htmlTable(costRows([summary]), `${name}: what it cost`),
    '</article>',
  ].join('\n');
}

function chartFigure({ id, caption, labels, series }: ChartSpec): string {
  const barCount = labels.length * series.filter(({ kind }) => kind === 'bar').length;
  const heightRem = 6 + Math.max(labels.length * 1.75, barCount * 0.9);
  const canvas = `<canvas id="${escapeHtml(id)}" role="img" aria-label="${escapeHtml(caption)}"></canvas>`;
  return `<figure><div class="plot" style="height:${heightRem}rem">${canvas}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function failuresSection({ failures }: ResultsFile): string {
  if (failures.length === 0) return '';
  const rows = failures.map(({ workload, engine, round, message }) => [workload, engine, String(round), message]);
  return section('Failed', htmlTable([['workload', 'engine', 'round', 'why'], ...rows], 'No figures of these.'));
}

function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}
