import { describe, expect, it } from 'vitest';
import { slowedOpen } from '../../../native-bench/regress/slowed-engine.js';

class FakeIterator {
  #rows = 0;

  nextSync(): number {
    return this.#rows++;
  }
}

class FakeDatabase {
  readonly #values = new Map([['a', 1]]);

  getSync(key: string): number | undefined {
    return this.#values.get(key);
  }

  async get(key: string): Promise<number | undefined> {
    return this.getSync(key);
  }

  iterator(): FakeIterator {
    return new FakeIterator();
  }
}

describe('the slowed engine', () => {
  it('answers as the engine does, private fields and iterators included', async () => {
    const open = slowedOpen(async (_directory: string) => new FakeDatabase(), 0.2);
    const database = await open('somewhere');
    expect(database.getSync('a')).toBe(1);
    expect(await database.get('b')).toBeUndefined();
    const iterator = database.iterator();
    expect([iterator.nextSync(), iterator.nextSync()]).toEqual([0, 1]);
  });
});
