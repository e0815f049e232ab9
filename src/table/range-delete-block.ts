/**
 * The range deletes of a table are a block of their own, in the layout of data blocks (block-entry.ts): an entry a range delete, its
 * key the start, its kind `range delete`, its value the end. They are fragmented, so the entries of one start have one end, newest
 * first, and the next start is at or behind it; readers refuse a block that is otherwise. The properties say where the block is.
 */
import { commonPrefixLength, compareBytes } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { KIND_RANGE_DELETE } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { TombstoneFragment } from '../base/range-tombstones.js';
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

interface OpenFragment {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly sequences: number[];
}

/**
 * Reads the checked `content`, found at `offsetBytes` of `file`. CorruptionError if it is no block of fragments: ranges that
 * overlapped would have to be cut here, and n of them can make n² / 2 sequences, far more than the block has bytes (law 10). If
 * `globalSequence` is not 0, all have it.
 */
export function decodeRangeDeletes(
  content: Uint8Array,
  file: string,
  offsetBytes: number,
  globalSequence: number,
): RangeTombstoneSet {
  const damaged = (expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes, expected, found });
  const entries = new BlockIterator();
  entries.init(content, file, offsetBytes);
  const fragments: OpenFragment[] = [];
  for (entries.seekToFirst(); entries.valid; entries.next()) {
    const { kind, keySource, keyEnd, valueSource, valueStart, valueEnd } = entries;
    // Copies: the block may be a mapping.
    const start = Uint8Array.from(keySource.subarray(0, keyEnd));
    const end = Uint8Array.from(valueSource.subarray(valueStart, valueEnd));
    const isRange = kind === KIND_RANGE_DELETE && end.length <= KEY_BYTES_MAX && compareBytes(start, end) < 0;
    if (!isRange) throw damaged('range deletes', `an entry of kind ${kind} or a range that does not ascend`);
    const sequence = globalSequence === 0 ? entries.sequence : globalSequence;
    if (!appendFragment(fragments, start, end, sequence)) {
      throw damaged('range deletes cut into fragments', 'one that overlaps the one before, or is not older');
    }
  }
  return RangeTombstoneSet.ofFragments(fragments);
}

/** False if it neither follows the last fragment nor is an older range delete over the same keys. */
function appendFragment(fragments: OpenFragment[], start: Uint8Array, end: Uint8Array, sequence: number): boolean {
  const last = fragments.at(-1);
  if (last === undefined || compareBytes(last.end, start) <= 0) {
    fragments.push({ start, end, sequences: [sequence] });
    return true;
  }
  const isSameRange = compareBytes(last.start, start) === 0 && compareBytes(last.end, end) === 0;
  if (!isSameRange || sequence >= last.sequences[last.sequences.length - 1]) return false;
  last.sequences.push(sequence);
  return true;
}
