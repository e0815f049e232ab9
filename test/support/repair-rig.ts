import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { JsonBytes } from '../../src/base/json-bytes.js';
import { repairWith } from '../../src/engine/repair/repair.js';
import type { KeysBetween, RepairOptions, RepairReport } from '../../src/engine/repair/repair-report.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { LOGGED_DELETE, RICH_OPTIONS, type RichDatabase } from './rich-database.js';
import { contentsOf, DIRECTORY } from './test-database.js';

export function repairOn(fileSystem: FileSystem, options: RepairOptions = {}): Promise<RepairReport> {
  return repairWith(DIRECTORY, options, {
    fileSystem,
    clock: systemClock,
    randomUint32: () => 77,
    onWarning: () => undefined,
  });
}

/**
 * What has to be true of a repaired database, whatever was done to it: it opens; every value is one that its key had; and where a key
 * does not have its last one, the report speaks of it. Returns for how many keys that is so.
 */
export async function expectHonestRepair(
  fileSystem: FileSystem,
  report: RepairReport,
  { contents, history, loadedKeys }: RichDatabase,
  isLogHarmed = false,
): Promise<number> {
  const found = new Map(await contentsOf(fileSystem, RICH_OPTIONS));
  let changedCount = 0;
  for (const [key, value] of found) expect([...(history.get(key) ?? [])], key).toContain(value);
  for (const key of history.keys()) {
    if (found.get(key) === contents.get(key)) continue;
    // The end of a log that is cut looks like that of one which a crash has torn.
    if (isLogHarmed && isLastWriteLogged(key, contents.get(key))) continue;
    const isLoadSpokenOf = report.notes.some((note) => note.includes('was loaded as a whole'));
    if (isLoadSpokenOf && loadedKeys.has(key)) continue;
    changedCount++;
    expect(isSpokenOf(report, key), `${key} is ${found.get(key)} and not ${contents.get(key)}`).toBe(true);
  }
  return changedCount;
}

function isLastWriteLogged(key: string, value: string | undefined): boolean {
  return value === undefined ? key === LOGGED_DELETE : value.startsWith('logged');
}

/** Records that the log has lost may be of any key. */
function isSpokenOf(report: RepairReport, key: string): boolean {
  if (report.sequenceGaps.length > 0) return true;
  if (report.files.some(({ kind, problems }) => kind === 'log' && problems.length > 0)) return true;
  if (report.lostValues.some((lost) => lost.key === key)) return true;
  return report.files.some(
    ({ keys, spans }) => isBetween(key, keys) || spans.some((span) => isBetween(key, span.keys)),
  );
}

function isBetween(key: string, keys: KeysBetween | undefined): boolean {
  if (keys === undefined) return false;
  return (keys.from === undefined || textOf(keys.from) <= key) && (keys.to === undefined || key <= textOf(keys.to));
}

function textOf(bytes: JsonBytes): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes.base64, 'base64').toString('latin1');
}
