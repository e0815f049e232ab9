import { systemClock } from '../../src/base/clock.js';
import { systemTimers } from '../../src/base/timers.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { QuarantineJournal } from '../../src/quarantine/quarantine-journal.js';
import { SEGMENT_LIMITS_DEFAULT } from '../../src/quarantine/segment-limits.js';
import { formatCount, formatMs } from '../support/text-table.js';

const GOAL_OPENED = 2;
const ENTRIES_PER_SEGMENT = 20;
const LOOKUPS = 1000;

/** Segments are made small for it: what is measured is how many are opened. */
export async function measureLookups(directory: string, segments: number): Promise<string[][]> {
  const journal = await QuarantineJournal.open({
    fileSystem: realFileSystem,
    directory,
    databaseId: 1,
    clock: systemClock,
    timers: systemTimers,
    isReadOnly: false,
    // What one settling brings is one segment.
    segmentLimitsOf: () => ({ ...SEGMENT_LIMITS_DEFAULT, fileBytesMax: 1500 }),
    onWarning: (warning) => {
      throw warning;
    },
  });
  try {
    const nowMs = systemClock.nowMs();
    for (let segment = 0; segment < segments; segment++) {
      const all = Array.from({ length: ENTRIES_PER_SEGMENT }, (_, i) => journal.append(draftOf(segment, i, nowMs)));
      await Promise.all(all);
      await journal.settle();
    }
    return [await lookUp(journal, segments)];
  } finally {
    await journal.close();
  }
}

async function lookUp(journal: QuarantineJournal, segments: number): Promise<string[]> {
  let worst = 0;
  const startedAtMs = performance.now();
  for (let i = 0; i < LOOKUPS; i++) {
    const segment = Math.floor((i * segments) / LOOKUPS);
    const before = journal.segmentOpens;
    const range = {
      fromMs: 0,
      toMs: Number.MAX_SAFE_INTEGER,
      id: `${segment}.${i % ENTRIES_PER_SEGMENT}`,
      afterEntry: 0,
    };
    let found = 0;
    for await (const event of journal.read('tenant', range)) if (event.kind === 'entry') found++;
    if (found !== 1) throw new Error(`${found} entries of id ${range.id}`);
    worst = Math.max(worst, journal.segmentOpens - before - 1);
  }
  const each = formatMs((performance.now() - startedAtMs) / LOOKUPS);
  const what = `look-up of an id among ${formatCount(segments)} segments, ${each} each: opened in vain, at most`;
  return [what, String(worst), `<= ${GOAL_OPENED}`, worst <= GOAL_OPENED ? 'met' : 'MISSED'];
}

function draftOf(segment: number, i: number, nowMs: number) {
  return {
    tenant: 'tenant',
    id: `${segment}.${i}`,
    reason: 'bench',
    detail: '',
    source: '',
    sourcePosition: undefined,
    contentType: '',
    timestampMs: nowMs,
    appendedAtMs: nowMs,
    attemptCount: 0,
    payload: Buffer.from('x'),
  };
}
