import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '../../src/base/simulated-time.js';

describe('simulated time', () => {
  it('stands still until it is moved on', () => {
    const time = new SimulatedTime(5000);
    expect([time.nowMs(), time.monotonicMs()]).toEqual([5000, 0]);
    time.advance(20);
    expect([time.nowMs(), time.monotonicMs()]).toEqual([5020, 20]);
  });

  it('calls what is due in the order of time, then of asking', () => {
    const time = new SimulatedTime();
    const calls: string[] = [];
    for (const [name, delayMs] of [
      ['b', 10],
      ['c', 10],
      ['a', 5],
      ['later', 11],
    ] as const) {
      time.after(delayMs, () => calls.push(`${name} at ${time.monotonicMs()}`));
    }
    time.advance(10);
    expect(calls).toEqual(['a at 5', 'b at 10', 'c at 10']);
    expect([time.timerCount, time.nextTimerInMs]).toEqual([1, 1]);
  });

  it('calls what a callback asked for, if that is due too', () => {
    const time = new SimulatedTime();
    const calledAtMs: number[] = [];
    const again = (): void => {
      calledAtMs.push(time.monotonicMs());
      time.afterIdly(3, again);
    };
    again();
    time.advance(10);
    expect(calledAtMs).toEqual([0, 3, 6, 9]);
  });

  it('forgets what was cancelled, also by a callback at the same time', () => {
    const time = new SimulatedTime();
    const calls: string[] = [];
    time.after(1, () => cancel());
    const cancel = time.after(1, () => calls.push('cancelled'));
    time.advance(1);
    cancel();
    expect([calls, time.timerCount, time.nextTimerInMs]).toEqual([[], 0, undefined]);
  });

  it('throws what a callback throws, at its time, and goes on after it', () => {
    const time = new SimulatedTime();
    const calls: number[] = [];
    time.after(2, () => {
      throw new Error('broken');
    });
    time.after(4, () => calls.push(time.monotonicMs()));
    expect(() => time.advance(10)).toThrow('broken');
    expect(time.monotonicMs()).toBe(2);
    time.advance(2);
    expect(calls).toEqual([4]);
  });

  it('does not go back', () => {
    const time = new SimulatedTime();
    expect(() => time.advance(-1)).toThrow('time does not go back');
  });
});
