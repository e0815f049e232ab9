import { describe, expect, it } from 'vitest';
import { delayOf, NO_STALL, PipelineRig, STOP } from '../support/pipeline-rig.js';
import { settles } from '../support/settles.js';

/** Bytes of keys and values that got in, while time goes on in steps. */
async function acceptedIn(rig: PipelineRig, seconds: number, stepMs: number): Promise<number> {
  const before = rig.pipeline.userBytes;
  for (let ms = 0; ms < seconds * 1000; ms += stepMs) rig.time.advance(stepMs);
  return rig.pipeline.userBytes - before;
}

describe('delayed writers', () => {
  it.each([1, 7, 250])('get the rate they are given, however coarse the timers are (%i ms)', async (stepMs) => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(100_000));
    const writes = Array.from({ length: 3000 }, (_, i) => rig.put(`${i}`.padStart(100, '0')));
    const accepted = await acceptedIn(rig, 2, stepMs);
    // What one burst holds is not lost between two steps, but no more: timers of a quarter of a second make it slower.
    expect(accepted).toBeLessThanOrEqual(201_000);
    if (stepMs < 5) expect(accepted).toBeGreaterThan(190_000);
    rig.decide(NO_STALL);
    await settles('all of them', Promise.all(writes));
  });

  it('do not save up what they did not use', async () => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(100_000));
    rig.time.advance(60_000);
    const writes = Array.from({ length: 100 }, (_, i) => rig.put(`${i}`.padStart(100, '0')));
    expect(rig.pipeline.userBytes).toBeLessThan(1000);
    rig.decide(NO_STALL);
    await Promise.all(writes);
  });

  it('may overdraw with one large write, and the next one pays for it', async () => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(1000));
    rig.time.advance(10);
    const large = rig.put('large', 'v'.repeat(1995));
    expect(rig.pipeline.lastSequence).toBe(1);
    const next = rig.put('next');
    rig.time.advance(1990);
    expect(rig.pipeline.lastSequence).toBe(1);
    rig.time.advance(10);
    expect(rig.pipeline.lastSequence).toBe(2);
    await Promise.all([large, next]);
  });

  it('that want to wait no longer than they would have to are refused at once', async () => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(1000));
    const first = rig.put('a', 'v'.repeat(999));
    await expect(
      rig.pipeline.write([{ kind: 1, key: Buffer.from('b'), value: Buffer.from('b') }], false, { maxDelayMs: 500 }),
    ).rejects.toMatchObject({ code: 'STEME_BUSY', message: expect.stringContaining('compactions are too far behind') });
    rig.decide(NO_STALL);
    await first;
  });

  it('leave no timer behind', async () => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(1000));
    const writes = [rig.put('a'), rig.put('b')];
    expect(rig.time.timerCount).toBeGreaterThan(0);
    rig.controller.close();
    await Promise.all(writes);
    expect(rig.time.timerCount).toBe(0);
  });
});

describe('a decision', () => {
  it('is made anew while writes go on, so that none stays when its reason has gone', async () => {
    const rig = await PipelineRig.create();
    rig.decide(delayOf(1000));
    const writes = [rig.put('a', 'v'.repeat(100)), rig.put('b')];
    rig.decision = NO_STALL;
    rig.time.advance(200);
    expect(rig.controller.isClear).toBe(true);
    await settles('both', Promise.all(writes));
  });

  it('costs nothing while one holds', async () => {
    const rig = await PipelineRig.create();
    await rig.put('a');
    const { decideCount } = rig;
    for (let i = 0; i < 100; i++) await rig.put(`${i}`);
    expect(rig.decideCount).toBe(decideCount);
  });

  it('to stop holds up nobody once the database is closing', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const write = rig.put('a');
    rig.controller.close();
    await settles('the write', write);
  });
});

// law 8
describe('the watchdog', () => {
  it('leaves a stall alone that a job will end', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const write = rig.put('a');
    rig.time.advance(10_000);
    expect(rig.warnings).toEqual([]);
    rig.decide(NO_STALL);
    await write;
    expect(rig.time.timerCount).toBe(0);
  });

  it('has the work scheduled anew, with a warning, when a stall begins that no job would end', async () => {
    const rig = await PipelineRig.create();
    rig.isWorkPending = false;
    rig.onReschedule = () => {
      rig.isWorkPending = true;
      rig.decide(NO_STALL);
    };
    rig.decide(STOP);
    const write = rig.put('a');
    rig.time.advance(0);
    await settles('the write', write);
    expect(rig.watchdog.rescueCount).toBe(1);
    expect(rig.warnings).toMatchObject([{ code: 'STEME_INTERNAL' }]);
  });

  it('notices also when the last job goes while writers wait', async () => {
    const rig = await PipelineRig.create();
    rig.onReschedule = () => rig.decide(NO_STALL);
    rig.decide(STOP);
    const write = rig.put('a');
    rig.time.advance(5000);
    rig.isWorkPending = false;
    rig.time.advance(1000);
    await settles('the write', write);
    expect(rig.watchdog.rescueCount).toBe(1);
  });
});
