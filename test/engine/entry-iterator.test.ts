import { describe, expect, it } from 'vitest';
import type { BlobResolver } from '../../src/base/blob-resolver.js';
import { KIND_PUT, KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING } from '../../src/base/internal-key.js';
import { storedValue } from '../../src/base/stored-value.js';
import type { IteratorOptions } from '../../src/engine/api.js';
import { DatabaseIterator } from '../../src/engine/entry-iterator.js';
import { IteratorHold } from '../../src/engine/iterator-hold.js';
import { checkScanOptions } from '../../src/engine/scan-options.js';
import { VisibleIterator } from '../../src/read/visible-iterator.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { ArrayIterator } from '../support/array-iterator.js';
import { code } from '../support/test-database.js';

const VIEW = { sequence: 9, nowMs: 100 };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

const ENTRIES: VersionEntry[] = [
  { key: bytes('a'), sequence: 1, kind: KIND_PUT, value: bytes('here') },
  { key: bytes('b'), sequence: 2, kind: KIND_PUT_BLOB, value: bytes('ref b') },
  { key: bytes('c'), sequence: 3, kind: KIND_PUT_BLOB_EXPIRING, value: storedValue(101, bytes('ref c')) },
  { key: bytes('d'), sequence: 4, kind: KIND_PUT_BLOB_EXPIRING, value: storedValue(100, bytes('ref d')) },
];

/** Answers a reference with its name, and keeps a list of them. */
class NamedBlobs implements BlobResolver {
  readonly asked: string[] = [];

  readSync(source: Uint8Array, start: number, end: number): Buffer {
    const reference = Buffer.from(source.subarray(start, end)).toString();
    this.asked.push(reference);
    return Buffer.from(`blob of ${reference}`);
  }
}

function open(blobs: BlobResolver, options: IteratorOptions = {}): DatabaseIterator {
  const checked = checkScanOptions(options);
  const visible = new VisibleIterator(new ArrayIterator(ENTRIES), VIEW, checked.bounds, checked.isReverse);
  const state = { retain: (): void => undefined, release: (): void => undefined };
  return new DatabaseIterator(visible, new IteratorHold(state, VIEW, 0, () => undefined), blobs, checked);
}

function texts(iterator: DatabaseIterator): string[][] {
  return iterator.nextvSync(10).map((entry) => entry.map(String));
}

describe('an iterator over values in blob files', () => {
  it.each([false, true])('shows what their references lead to (reverse: %s)', (reverse) => {
    const blobs = new NamedBlobs();
    const shown = texts(open(blobs, { reverse }));
    const expected = [
      ['a', 'here'],
      ['b', 'blob of ref b'],
      ['c', 'blob of ref c'],
    ];
    expect(shown).toEqual(reverse ? expected.toReversed() : expected);
    expect(blobs.asked).toHaveLength(2);
  });

  it('reads none of them for keys alone', () => {
    const blobs = new NamedBlobs();
    expect(texts(open(blobs, { values: false }))).toEqual([
      ['a', ''],
      ['b', ''],
      ['c', ''],
    ]);
    expect(blobs.asked).toEqual([]);
  });

  it('reads them for values alone', () => {
    const blobs = new NamedBlobs();
    expect(texts(open(blobs, { keys: false })).map(([, value]) => value)).toEqual([
      'here',
      'blob of ref b',
      'blob of ref c',
    ]);
  });

  it('reads none before its entry is asked for', () => {
    const blobs = new NamedBlobs();
    const iterator = open(blobs);
    expect(iterator.nextvSync(1)).toHaveLength(1);
    expect(blobs.asked).toEqual([]);
  });
});

describe('nextvSync', () => {
  it('gives at most so many entries, and none at the end', () => {
    const iterator = open(new NamedBlobs());
    expect([2, 2, 2].map((count) => iterator.nextvSync(count).length)).toEqual([2, 1, 0]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a count of %s', (count) => {
    expect(() => open(new NamedBlobs()).nextvSync(count)).toThrow(code('STEME_INVALID_RANGE'));
  });
});
