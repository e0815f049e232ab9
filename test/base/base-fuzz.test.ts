import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeUint32 } from '../../src/base/bytes.js';
import {
  blobName,
  type DatabaseFile,
  logName,
  manifestName,
  parseFileName,
  recycledName,
  tableName,
} from '../../src/base/file-names.js';
import { MIB } from '../../src/base/limits.js';
import { compressLz4, decompressLz4, Lz4Decoder } from '../../src/base/lz4.js';
import { checkedExpiryMs, storedValue } from '../../src/base/stored-value.js';
import { readVarint } from '../../src/base/varint.js';
import {
  answerForRange,
  answerForView,
  answerOf,
  fuzzRuns,
  hostile,
  mutate,
  mutations,
  withinMemory,
} from '../support/fuzz.js';

describe('a varint out of any bytes', () => {
  it('is a number below 2^53 that ends within its range, or none', () => {
    const property = fc.property(
      hostile([Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)], 12),
      (bytes) => {
        const answer = answerForRange(bytes, (source, start, end) => {
          const cursor = { position: start };
          const value = readVarint(source, cursor, end);
          return { value, endAt: cursor.position < 0 ? -1 : cursor.position - start };
        });
        if (!('value' in answer)) throw new Error('a varint is never refused by an error');
        const { value, endAt } = answer.value;
        expect(endAt).toBeLessThanOrEqual(bytes.length);
        if (endAt >= 0) expect(Number.isSafeInteger(value)).toBe(true);
      },
    );
    fc.assert(property, fuzzRuns(2000));
  });
});

describe('a file name out of any text', () => {
  const nameOf: Record<DatabaseFile['kind'], (number: number) => string> = {
    current: () => 'CURRENT',
    'current-tmp': () => 'CURRENT.tmp',
    lock: () => 'LOCK',
    manifest: manifestName,
    log: logName,
    table: tableName,
    blob: blobName,
    recycled: recycledName,
  };
  const good = [...Object.values(nameOf).map((name) => name(7)), tableName(Number.MAX_SAFE_INTEGER)];

  it('is that of one file, to the letter, or of none', () => {
    const nearly = fc.tuple(fc.constantFrom(...good), mutations).map(([name, how]) => {
      return Buffer.from(mutate(Buffer.from(name), how)).toString('latin1');
    });
    const property = fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (name) => {
      const file = parseFileName(name);
      if (file !== undefined) expect(nameOf[file.kind]('number' in file ? file.number : 0)).toBe(name);
    });
    fc.assert(property, fuzzRuns(3000));
  });
});

describe('an LZ4 block out of any bytes', () => {
  const content = Buffer.from('squeeze me '.repeat(200));
  const good = compressLz4(content);
  if (good === undefined) throw new Error('the sample does not compress');

  it('is content of the length that it claims, or is refused', () => {
    const property = fc.property(hostile([good]), fc.constantFrom(1, 100, content.length, MIB), (stored, limit) => {
      const answer = answerForView(stored, (view) =>
        Buffer.from(decompressLz4(view, limit, 'file', 0)).toString('hex'),
      );
      if ('value' in answer) expect(answer.value.length / 2).toBeLessThanOrEqual(limit);
    });
    fc.assert(property, fuzzRuns(2000));
  });

  it('is the same content of each decoder that takes it', () => {
    const property = fc.property(hostile([good]), (stored) => {
      const answer = answerForView(stored, (view) =>
        Buffer.from(new Lz4Decoder().decode(view, MIB, 'file', 0)).toString('hex'),
      );
      const other = answerOf(() => Buffer.from(decompressLz4(stored, MIB, 'file', 0)).toString('hex'));
      if ('value' in answer && 'value' in other) expect(answer.value).toBe(other.value);
    });
    fc.assert(property, fuzzRuns(2000));
  });

  it('takes no memory for a claim that its length cannot hold', () => {
    for (const claimed of [good.length * 256, 64 * MIB, 2 ** 31 - 1, 2 ** 32 - 1]) {
      const stored = Uint8Array.from(good);
      writeUint32(stored, 0, claimed);
      const answer = withinMemory(MIB, () => answerOf(() => decompressLz4(stored, 64 * MIB, 'file', 0)));
      expect(answer, String(claimed)).toHaveProperty('refused');
      const other = withinMemory(MIB, () => answerOf(() => new Lz4Decoder().decode(stored, 64 * MIB, 'file', 0)));
      expect(other, String(claimed)).toHaveProperty('refused');
    }
  });
});

describe('the expiry of a stored value out of any bytes', () => {
  it('is read within the value, or the value is refused', () => {
    const property = fc.property(hostile([storedValue(1_700_000_000_000, Buffer.from('v'))], 12), (stored) => {
      const answer = answerForRange(stored, checkedExpiryMs);
      expect('value' in answer).toBe(stored.length >= 8);
    });
    fc.assert(property, fuzzRuns(1000));
  });
});
