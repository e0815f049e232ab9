import { join } from 'node:path';
import type { EngineModule as Engine } from '../support/engine.js';
import { formatCount } from '../support/text-table.js';

const GOAL_PER_SECOND = 200_000;
const APPENDS_AT_ONCE = 10_000;

export async function measureReplay({ open }: Engine, directory: string, entries: number): Promise<string[][]> {
  const db = await open(join(directory, 'db'));
  try {
    for (let start = 0; start < entries; start += APPENDS_AT_ONCE) {
      const count = Math.min(APPENDS_AT_ONCE, entries - start);
      await Promise.all(
        Array.from({ length: count }, (_, i) =>
          db.quarantine.append('tenant', `record ${start + i} ${'x'.repeat(80)}`, { reason: 'bench' }),
        ),
      );
    }
    const result = await db.quarantine.replay({}, ({ number, payload }) => ({
      type: 'put',
      key: `key ${String(number).padStart(10, '0')}`,
      value: payload,
    }));
    if (result.replayed !== entries) throw new Error(`${result.replayed} of ${entries} entries were replayed`);
    const perSecond = (entries * 1000) / result.durationMs;
    const verdict = perSecond >= GOAL_PER_SECOND ? 'met' : 'MISSED';
    return [
      [
        `replay of ${formatCount(entries)} entries of 100 bytes`,
        `${formatCount(perSecond)} /s`,
        `>= ${formatCount(GOAL_PER_SECOND)} /s`,
        verdict,
      ],
    ];
  } finally {
    await db.close();
  }
}
