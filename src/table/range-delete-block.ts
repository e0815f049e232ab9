/**
 * The range deletes of a table are a block of their own, in the layout of data blocks (block-entry.ts): an entry a range delete, its
 * key the start, its kind `range delete`, its value the end. They are fragmented, so the entries of one start have one end, newest
 * first, and the next start is at or behind it. The properties say where the block is.
 */
import { commonPrefixLength, compareBytes } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { KIND_RANGE_DELETE } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { RangeTombstone, TombstoneFragment } from '../base/range-tombstones.js';
import { RangeTombstoneSet } from '../base/range-tombstones.js';
import { BlockIterator } from './block-iterator.js';
import { BlockWriter } from './block-writer.js';

/** The content of the block. `fragments` are sorted and disjoint. */
export function encodeRangeDeletes(fragments: readonly TombstoneFragment[]): Uint8Array {
  const block = new BlockWriter();
  let last: Uint8Array = new Uint8Array(0);
  for (const { start, end, sequences } of fragments) {
    for (const sequence of sequences) {
      const shared = commonPrefixLength(last, 0, last.length, start, 0, start.length);
      block.add(start, 0, start.length, shared, sequence, KIND_RANGE_DELETE, end, 0, end.length);
      last = start;
    }
  }
  return block.finish();
}

/**
 * Reads the checked `content`, found at `offsetBytes` of `file`. CorruptionError if it is no block of range deletes. If
 * `globalSequence` is not 0, all have it.
 */
export function decodeRangeDeletes(
  content: Uint8Array,
  file: string,
  offsetBytes: number,
  globalSequence: number,
): RangeTombstoneSet {
  const entries = new BlockIterator();
  entries.init(content, file, offsetBytes);
  const tombstones: RangeTombstone[] = [];
  for (entries.seekToFirst(); entries.valid; entries.next()) {
    const { kind, sequence, keySource, keyEnd, valueSource, valueStart, valueEnd } = entries;
    // Copies: the block may be a mapping.
    const start = Uint8Array.from(keySource.subarray(0, keyEnd));
    const end = Uint8Array.from(valueSource.subarray(valueStart, valueEnd));
    const isRange = kind === KIND_RANGE_DELETE && end.length <= KEY_BYTES_MAX && compareBytes(start, end) < 0;
    if (!isRange) {
      const found = `an entry of kind ${kind} or a range that does not ascend`;
      throw new CorruptionError({ file, offsetBytes, expected: 'range deletes', found });
    }
    tombstones.push({ start, end, sequence: globalSequence === 0 ? sequence : globalSequence });
  }
  return RangeTombstoneSet.of(tombstones);
}
