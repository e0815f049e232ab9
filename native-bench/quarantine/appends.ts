import { join } from 'node:path';
import type { Database } from '../../src/index.js';
import type { EngineModule as Engine } from '../support/engine.js';
import { formatCount } from '../support/text-table.js';

const WRITERS = 64;
const TENANTS = 100;
const PAYLOAD = Buffer.alloc(100, 'p');
/** Of the log's rate in the same run. */
const GOAL_SHARE = 0.5;

export async function measureAppends(
  { open }: Engine,
  directory: string,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<string[][]> {
  const db = await open(join(directory, 'db'));
  const puts: number[] = [];
  const appends: number[] = [];
  let next = 0;
  const put = (): Promise<unknown> => db.put(`key ${next++}`, PAYLOAD);
  const append = (): Promise<unknown> =>
    db.quarantine.append(`tenant ${next++ % TENANTS}`, PAYLOAD, { reason: 'bench' });
  try {
    // Both once before it counts: files are made, code is compiled.
    await rateOf(put, 500);
    await rateOf(append, 500);
    for (let round = 0; round < rounds; round++) {
      puts.push(await rateOf(put, seconds * 1000));
      appends.push(await rateOf(append, seconds * 1000));
    }
    const share = medianOf(appends.map((rate, i) => rate / puts[i]));
    const { syncMode } = await db.quarantine.stats();
    return [
      ['durable puts, 64 writers', `${formatCount(medianOf(puts))} /s (${walModeOf(db)})`, '', ''],
      ['durable appends, 64 writers, 100 tenants', `${formatCount(medianOf(appends))} /s (${syncMode})`, '', ''],
      ['  of the rate of puts', share.toFixed(2), `>= ${GOAL_SHARE}`, share >= GOAL_SHARE ? 'met' : 'MISSED'],
    ];
  } finally {
    await db.close();
  }
}

function walModeOf(db: Database): string {
  return db.stats().wal.syncMode;
}

async function rateOf(write: () => Promise<unknown>, ms: number): Promise<number> {
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + ms;
  let count = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      await write();
      count++;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return (count * 1000) / (performance.now() - startedAtMs);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1];
}
