import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { NO_STALL, PipelineRig, putOf, STOP } from '../support/pipeline-rig.js';
import { settles } from '../support/settles.js';
import { code } from '../support/test-database.js';

/** Whether `promise` has settled once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  return settled;
}

describe('a write that waits', () => {
  it('gets in after those before it, whatever they are', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const writes = [
      rig.put('a'),
      rig.pipeline.write([putOf('b'), putOf('c')], true),
      rig.put('d', 'v'.repeat(300_000)),
      rig.put('e'),
    ];
    expect(rig.pipeline.lastSequence).toBe(0);
    rig.decide(NO_STALL);
    // Comes while the queue still waits for the large one.
    writes.push(rig.put('f'));
    await settles('the writes', Promise.all(writes));
    expect(await rig.keysInLog()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('may have its memory used for something else', async () => {
    const rig = await PipelineRig.create();
    const key = Buffer.from('mine');
    rig.decide(STOP);
    const write = rig.pipeline.writeOne(1, key, key, false, undefined);
    key.fill('x');
    rig.decide(NO_STALL);
    await write;
    expect(await rig.keysInLog()).toEqual(['mine']);
  });

  it('is never written once its signal has aborted it, and the others keep their order', async () => {
    const rig = await PipelineRig.create();
    const abort = new AbortController();
    const { signal } = abort;
    rig.decide(STOP);
    const aborted = ['a', 'c', 'd'].map((key) => rig.pipeline.write([putOf(key)], true, { signal }));
    const kept = ['b', 'e'].map((key) => rig.put(key));
    abort.abort(new Error('changed my mind'));
    for (const write of aborted) {
      await expect(write).rejects.toMatchObject({ code: 'STEME_ABORTED', cause: { message: 'changed my mind' } });
    }
    rig.decide(NO_STALL);
    await settles('the others', Promise.all(kept));
    expect(await rig.keysInLog()).toEqual(['b', 'e']);
  });

  it('is not taken back by a signal that comes after it got in', async () => {
    const rig = await PipelineRig.create();
    const abort = new AbortController();
    const write = rig.pipeline.write([putOf('a')], true, { signal: abort.signal });
    abort.abort();
    await write;
    expect(await rig.keysInLog()).toEqual(['a']);
  });

  it('gives up after as long as it may wait, with the cause', async () => {
    const rig = await PipelineRig.create();
    rig.decide({ ...STOP, estimateMs: 100 });
    const write = rig.pipeline.write([putOf('a')], true, { maxDelayMs: 200 });
    rig.time.advance(199);
    expect(await isSettled(write)).toBe(false);
    rig.time.advance(1);
    await expect(write).rejects.toMatchObject({
      code: 'STEME_BUSY',
      message: expect.stringContaining('too many tables in L0'),
    });
    rig.decide(NO_STALL);
    await rig.put('b');
    expect(await rig.keysInLog()).toEqual(['b']);
  });

  it('does not even begin to wait when the estimate is longer than it may', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    await expect(rig.pipeline.write([putOf('a')], true, { maxDelayMs: 4999 })).rejects.toEqual(code('STEME_BUSY'));
    await expect(rig.pipeline.write([putOf('a')], true, { maxDelayMs: 0 })).rejects.toEqual(code('STEME_BUSY'));
    expect(rig.pipeline.stalls.cause).toBeUndefined();
    const patient = rig.pipeline.write([putOf('a')], true, { maxDelayMs: 5000 });
    expect(await isSettled(patient)).toBe(false);
    rig.decide(NO_STALL);
    await patient;
    expect(rig.time.timerCount).toBe(0);
  });

  it('is waited for by a sync, and one that was aborted is not', async () => {
    const rig = await PipelineRig.create();
    const abort = new AbortController();
    rig.decide(STOP);
    const first = rig.put('a');
    const last = rig.pipeline.write([putOf('b')], true, { signal: abort.signal });
    const sync = rig.pipeline.sync();
    abort.abort();
    await expect(last).rejects.toEqual(code('STEME_ABORTED'));
    expect(await isSettled(sync)).toBe(false);
    rig.decide(NO_STALL);
    await settles('the sync', sync);
    expect(await isSettled(first)).toBe(true);
  });

  it('is refused with the failure of the database', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const write = rig.put('a');
    const mark = rig.pipeline.takeMark();
    await mark;
    const failure = new StemeError('STEME_BACKGROUND', 'the disk is gone');
    rig.pipeline.fail(failure);
    await expect(write).rejects.toBe(failure);
    await expect(rig.pipeline.takeMark()).rejects.toBe(failure);
  });
});

describe('a condition of a write', () => {
  it('is asked when every write before it has its sequence, and not before', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const asked: number[] = [];
    const writes = [
      rig.put('a'),
      rig.pipeline.write([putOf('b')], true, undefined, () => asked.push(rig.pipeline.lastSequence)),
      rig.put('c'),
    ];
    expect(asked).toEqual([]);
    rig.decide(NO_STALL);
    await Promise.all(writes);
    expect(asked).toEqual([1]);
  });

  it('that throws leaves nothing written, of a write that waited too, and lets the next one in', async () => {
    const rig = await PipelineRig.create();
    const refuse = (): void => {
      throw new StemeError('STEME_CONFLICT', 'no');
    };
    await expect(rig.pipeline.write([putOf('x')], true, undefined, refuse)).rejects.toEqual(code('STEME_CONFLICT'));
    expect(rig.pipeline.lastSequence).toBe(0);
    rig.decide(STOP);
    const refused = rig.pipeline.write([putOf('y')], true, undefined, refuse);
    const next = rig.put('z');
    rig.decide(NO_STALL);
    await expect(refused).rejects.toEqual(code('STEME_CONFLICT'));
    await next;
    expect(await rig.keysInLog()).toEqual(['z']);
  });
});

describe('a pipeline that is held', () => {
  it('lets writes wait until it is released as often as it was held', async () => {
    const rig = await PipelineRig.create();
    rig.pipeline.hold();
    rig.pipeline.hold();
    const write = rig.put('a');
    rig.pipeline.release();
    expect(await isSettled(write)).toBe(false);
    rig.pipeline.release();
    await settles('the write', write);
  });

  it('gives a mark a number between the writes before and the writes that wait', async () => {
    const rig = await PipelineRig.create();
    await rig.put('a');
    rig.pipeline.hold();
    const waiting = rig.put('b');
    expect(await settles('the mark', rig.pipeline.takeMark())).toBe(2);
    expect(rig.wal.safe.at(-1)).toBe(2);
    rig.pipeline.release();
    await waiting;
    expect(rig.pipeline.lastSequence).toBe(3);
  });
});

describe('a stall', () => {
  it('of too many memtables has a cause, a debt and an estimate, and ends with the flush that makes room', async () => {
    const rig = await PipelineRig.create(4096);
    const writes = Array.from({ length: 6 }, (_, i) => rig.put(`key ${i}`, 'v'.repeat(2500)));
    const stall = rig.pipeline.stalls.current;
    expect(stall).toMatchObject({ cause: 'too many memtables wait for their flush', estimateMs: 250 });
    expect(stall?.debtBytes).toBeGreaterThan(3 * 2500);
    rig.time.advance(70);
    while (rig.pipeline.stalls.cause !== undefined) rig.finishFlush();
    await settles('the writes', Promise.all(writes));
    expect(rig.pipeline.stalls).toMatchObject({ count: 1, totalMs: 70 });
  });

  it('counts once, however many wait and however the cause changes', async () => {
    const rig = await PipelineRig.create();
    rig.decide(STOP);
    const writes = [rig.put('a'), rig.put('b')];
    expect(rig.pipeline.stalls).toMatchObject({ count: 1, cause: 'too many tables in L0 wait for their compaction' });
    rig.time.advance(30);
    rig.decide({ ...STOP, cause: 'debt' });
    expect(rig.pipeline.stalls).toMatchObject({ count: 1, cause: 'compactions are too far behind' });
    rig.time.advance(20);
    rig.decide(NO_STALL);
    rig.time.advance(100);
    await Promise.all(writes);
    expect(rig.pipeline.stalls).toMatchObject({ count: 1, totalMs: 50, cause: undefined });
  });
});
