import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PageParts } from './html-page.js';

/** Reads what the page is made of. Asked for before a run, so that a missing library costs no results. */
export function readPageParts(): PageParts {
  return {
    style: readFileSync(new URL('./page/page.css', import.meta.url), 'utf8'),
    chartLibrary: readFileSync(chartLibraryFile(), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'),
    chartScript: readFileSync(new URL('./page/charts.js', import.meta.url), 'utf8'),
  };
}

/** The build for pages has no entry of its own among the package's exports: it lies beside the main one. */
function chartLibraryFile(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('chart.js')), 'chart.umd.min.js');
  } catch (cause) {
    throw new Error('chart.js is missing: run "npm ci" first', { cause });
  }
}
