import { describe, expect, test } from 'vitest';
import type { Micro } from '../../../native-bench/micro/micro.js';
import { selectMicros } from '../../../native-bench/micro/select-micros.js';

function named(name: string): Micro {
  return { name, prepare: () => ({ operations: 1, run: () => 0 }) };
}

const micros = ['crc32c/64', 'crc32c/4096', 'memtable/insert/random/10k', 'merge/4-tables'].map(named);
const namesFor = (...wanted: string[]): string[] => selectMicros(micros, wanted).map(({ name }) => name);

describe('which micros are run', () => {
  test('all where none is asked for', () => {
    expect(namesFor()).toEqual(micros.map(({ name }) => name));
  });

  test('a group, a part of a name, a whole name', () => {
    expect(namesFor('crc32c')).toEqual(['crc32c/64', 'crc32c/4096']);
    expect(namesFor('random')).toEqual(['memtable/insert/random/10k']);
    expect(namesFor('merge/4-tables')).toEqual(['merge/4-tables']);
  });

  test('a part from its beginning: wal is not find-walk', () => {
    const walk = ['block/find-walk', 'wal/append'].map(named);
    expect(selectMicros(walk, ['wal']).map(({ name }) => name)).toEqual(['wal/append']);
  });

  test('several names: each once, in the order of the list', () => {
    expect(namesFor('merge', '64', 'crc32c')).toEqual(['crc32c/64', 'crc32c/4096', 'merge/4-tables']);
  });

  test('a name that none has is an error that names all there are', () => {
    expect(() => namesFor('crc32c', 'crc33')).toThrow(
      'no micro is named "crc33"; there are crc32c/64, crc32c/4096, memtable/insert/random/10k, merge/4-tables',
    );
  });
});
