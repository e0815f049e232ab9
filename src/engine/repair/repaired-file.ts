import type { RepairedFile } from './repair-report.js';

/** What became of a file. What is left out: nothing was wrong, nothing was written in its place, nothing was kept of it or is known to be lost. */
export function repairedFile(
  fields: Pick<RepairedFile, 'file' | 'kind' | 'outcome'> & Partial<RepairedFile>,
): RepairedFile {
  return {
    problems: [],
    newFile: undefined,
    keptEntries: 0,
    lostEntries: undefined,
    keys: undefined,
    spans: [],
    ...fields,
  };
}
