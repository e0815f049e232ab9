import { describe, expect, it } from 'vitest';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import { FAULT_CLASSES, FAULT_PLACES, sweep } from './fault-sweep.js';

/** `npm run test:faults` meets every operation. */
const STRIDE = 23;
/** Of the classes that meet any kind of operation. */
const WIDE_STRIDE = 151;

// laws 1, 2, 5, 7
describe('a fault at many operations of two lives of a database', () => {
  const pairs = FAULT_CLASSES.flatMap((faultClass, index) =>
    FAULT_PLACES.map((place) => ({ faultClass, place, index })),
  );

  it.each(pairs)(
    'leaves typed errors, right reads and all that was acknowledged: $faultClass.name, $place',
    async (pair) => {
      const { faultClass, place, index } = pair;
      const isWide = faultClass.rule.kind === undefined && faultClass.rule.effect === undefined;
      const stride = isWide ? WIDE_STRIDE : STRIDE;
      const { violations, hits, outcomes } = await sweep(faultClass, place, { stride, first: 1 + (index % 5) });
      expect(violations).toEqual([]);
      expect(Object.values(outcomes).reduce((sum, count) => sum + count)).toBe(hits);
    },
  );

  it('would notice a disk whose syncs do nothing', async () => {
    const wrap = (disk: ConstructorParameters<typeof LyingFileSystem>[0]) => new LyingFileSystem(disk);
    const { violations } = await sweep(FAULT_CLASSES[0], 'opening thread', { stride: 150, first: 140, wrap });
    expect(violations).toEqual(
      expect.arrayContaining([expect.stringMatching(/power loss|open|missing|CORRUPTION|damaged/)]),
    );
  });
});
