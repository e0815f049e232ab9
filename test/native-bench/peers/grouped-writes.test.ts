import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { GroupedWrites, type Write } from '../../../native-bench/peers/grouped-writes.js';

const VALUE = Buffer.from('value');

/** A disk whose syncs end when the test says so. */
class HeldCommits {
  readonly groups: string[][] = [];
  readonly #ends: { resolve: () => void; reject: (reason: Error) => void }[] = [];

  readonly commit = (writes: readonly Write[]): Promise<void> => {
    this.groups.push(writes.map(({ key }) => key.toString()));
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  };

  async end(error?: Error): Promise<void> {
    const { resolve, reject } = this.#ends.shift() ?? { resolve: () => undefined, reject: () => undefined };
    if (error === undefined) resolve();
    else reject(error);
    await turn();
  }
}

function put(grouped: GroupedWrites, key: string, settled: string[]): void {
  grouped.put(Buffer.from(key), VALUE).then(
    () => settled.push(key),
    (error: Error) => settled.push(`${key}: ${error.message}`),
  );
}

describe('group commit on top of an engine', () => {
  it('the first write waits for nobody; what comes meanwhile is one commit after it', async () => {
    const disk = new HeldCommits();
    const grouped = new GroupedWrites(disk.commit);
    const settled: string[] = [];
    put(grouped, 'a', settled);
    expect(disk.groups).toEqual([['a']]);
    for (const key of ['b', 'c', 'd']) put(grouped, key, settled);
    await turn();
    expect(disk.groups).toEqual([['a']]);
    await disk.end();
    expect(disk.groups).toEqual([['a'], ['b', 'c', 'd']]);
    expect(settled).toEqual(['a']);
    put(grouped, 'e', settled);
    await disk.end();
    expect(disk.groups).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
    expect(settled).toEqual(['a', 'b', 'c', 'd']);
  });

  it('a commit that fails fails the writes in it, and no others', async () => {
    const disk = new HeldCommits();
    const grouped = new GroupedWrites(disk.commit);
    const settled: string[] = [];
    put(grouped, 'a', settled);
    put(grouped, 'b', settled);
    await disk.end(new Error('no room'));
    await disk.end();
    expect(settled).toEqual(['a: no room', 'b']);
    put(grouped, 'c', settled);
    await disk.end();
    expect(settled).toEqual(['a: no room', 'b', 'c']);
  });
});
