import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineModule as Engine } from '../support/engine.js';
import { formatCount, formatMegabytes } from '../support/text-table.js';

const GOAL_RSS_BYTES = 300e6;
const GOAL_FILES = 512;
const ROUNDS = 3;

/** Each tenant gets an entry a round; between rounds all go to their segments. */
export async function measureTenants({ open }: Engine, directory: string, tenants: number): Promise<string[][]> {
  const db = await open(join(directory, 'db'));
  let rssBytes = 0;
  let files = 0;
  const watch = setInterval(() => {
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss());
    files = Math.max(files, readdirSync('/proc/self/fd').length);
  }, 20);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const all = Array.from({ length: tenants }, (_, i) =>
        db.quarantine.append(`tenant ${i}`, `record of round ${round} ${'x'.repeat(80)}`, { reason: 'bench' }),
      );
      await Promise.all(all);
      while ((await db.quarantine.stats()).pendingBytes > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    clearInterval(watch);
    await db.close();
  }
  return [
    [
      `${formatCount(tenants)} tenants: memory (RSS), at most`,
      formatMegabytes(rssBytes),
      `< ${formatMegabytes(GOAL_RSS_BYTES)}`,
      rssBytes < GOAL_RSS_BYTES ? 'met' : 'MISSED',
    ],
    [
      `${formatCount(tenants)} tenants: open files, at most`,
      String(files),
      `<= ${GOAL_FILES}`,
      files <= GOAL_FILES ? 'met' : 'MISSED',
    ],
  ];
}
