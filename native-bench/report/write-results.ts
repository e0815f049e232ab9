import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { htmlReport, type PageParts } from './html-page.js';
import type { ResultsFile } from './results-file.js';

/** `2026-11-26T020304-abc1234-dirty.json`: sorts by time, and a second run of a day does not overwrite the first. */
export function resultsFileName({ date, commit }: ResultsFile): string {
  return `${date.slice(0, 19).replaceAll(':', '')}-${commit}.json`;
}

export function writeResults(results: ResultsFile, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, resultsFileName(results));
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
}

/** The page has the name of its results file, and lies beside it unless it is wanted elsewhere. */
export function writePage(results: ResultsFile, parts: PageParts, resultsFile: string, directory?: string): string {
  const place = directory ?? dirname(resultsFile);
  mkdirSync(place, { recursive: true });
  const file = join(place, `${basename(resultsFile, '.json')}.html`);
  writeFileSync(file, htmlReport(results, parts));
  return file;
}
