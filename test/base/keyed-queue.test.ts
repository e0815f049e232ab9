import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/base/deferred.js';
import { KeyedQueue } from '../../src/base/keyed-queue.js';

describe('a queue with keys', () => {
  it('does what has the same key in order, and the rest side by side', async () => {
    const queue = new KeyedQueue();
    const log: string[] = [];
    const gate = new Deferred<void>();
    const first = queue.run('a', async () => {
      await gate.promise;
      log.push('a1');
      return 1;
    });
    const second = queue.run('a', async () => {
      log.push('a2');
    });
    await queue.run('b', async () => {
      log.push('b1');
    });
    expect(log).toEqual(['b1']);
    gate.resolve();
    expect(await first).toBe(1);
    await second;
    expect(log).toEqual(['b1', 'a1', 'a2']);
  });

  it('goes on behind a failure, and keeps nothing of what is over', async () => {
    const queue = new KeyedQueue();
    const failing = queue.run('a', async () => {
      throw new Error('no');
    });
    const next = queue.run('a', async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
    await new Promise((resolve) => setImmediate(resolve));
    expect(queue.size).toBe(0);
  });
});
