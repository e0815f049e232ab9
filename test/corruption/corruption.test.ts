import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { isForgedValueSilent } from './canary.js';
import { SHAPES, type ShapeName } from './known-database.js';
import { mayBeTorn } from './log-records.js';
import { casesOf, runSweep, SweepReport } from './sweep.js';

/** `npm run test:corruption` does far more; this is a sample of its sample. */
const CASES_OF_A_SHAPE = 30;
const SEED = 1;

describe('a damaged database', () => {
  it.each(Object.keys(SHAPES) as ShapeName[])('answers right or says what is damaged: %s', async (shape) => {
    const prng = new Prng(SEED);
    const all = await casesOf(shape, { everyBit: false, samples: 4 }, prng);
    const report = new SweepReport();
    await runSweep(
      Array.from({ length: CASES_OF_A_SHAPE }, () => prng.pick(all)),
      report,
    );
    expect(report.failures).toEqual([]);
    expect([...report.placeless.keys()]).toEqual([]);
    expect(report.count('damage at open') + report.count('damage at read')).toBeGreaterThan(0);
  });
});

describe('the sweep', () => {
  it('calls a value silent that was forged with its checksum', async () => {
    expect(await isForgedValueSilent()).toBe(true);
  });

  it('takes the loss of a record that is whole for a torn tail only where nothing behind it proves the loss', () => {
    const file = '000006.log';
    const records = [80, 180, 280].map((offsetBytes) => ({ file, offsetBytes, lengthBytes: 100 }));
    const flip = (offsetBytes: number) => ({ kind: 'bit flip' as const, file, offsetBytes, bit: 0 });
    expect(mayBeTorn(records, flip(350), 2), 'the last one').toBe(true);
    expect(mayBeTorn(records, flip(190), 1), 'one before a whole one').toBe(false);
    expect(mayBeTorn(records, flip(20), 2), 'the header of its segment').toBe(true);
    expect(mayBeTorn(records, { kind: 'truncation', file, sizeBytes: 50 }, 0), 'all that was cut off').toBe(true);
    expect(mayBeTorn(records, { kind: 'truncation', file, sizeBytes: 180 }, 0), 'one that was not cut off').toBe(false);
    expect(mayBeTorn(records, { kind: 'truncation', file, sizeBytes: 290 }, 0), 'nor two').toBe(false);
    expect(mayBeTorn(records, { ...flip(350), file: '000007.sst' }, 2), 'another file').toBe(false);
  });
});
