import { compareBytes } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import { MergingIterator } from '../read/merging-iterator.js';
import type { TableIterator } from '../table/table-iterator.js';
import type { TableWriter } from '../table/table-writer.js';
import type { InputRun } from './compaction-inputs.js';
import type { CompactionJob } from './job.js';
import type { OutputTables } from './output-tables.js';

/** A run of so many blocks is worth the short block that may stand before it. */
const BLOCKS_WORTH_A_CUT = 4;

/**
 * Takes whole blocks over from an input as they are stored, where nothing of the merge falls between their keys: they are
 * neither encoded nor compressed anew; only their keys are walked, for the filter.
 *
 * Such a block comes from a table of plain puts (compaction-inputs.ts). All other inputs stand behind it, no range delete
 * touches it, it lies within the job's bounds, and no output has to end inside.
 */
export class BlockCopier {
  readonly #source: InternalIterator;
  readonly #merge: MergingIterator | undefined;
  readonly #runs: readonly InputRun[];
  readonly #tombstones: RangeTombstoneSet;
  readonly #outputs: OutputTables;
  readonly #job: CompactionJob;

  constructor(
    source: InternalIterator,
    runs: readonly InputRun[],
    tombstones: RangeTombstoneSet,
    outputs: OutputTables,
    job: CompactionJob,
  ) {
    this.#source = source;
    this.#merge = source instanceof MergingIterator ? source : undefined;
    this.#runs = runs;
    this.#tombstones = tombstones;
    this.#outputs = outputs;
    this.#job = job;
  }

  /**
   * Takes over the block whose first entry is the source's current one, a new key, if that may be and pays. The source then
   * stands at the block's last entry. Returns the table that has it, or undefined.
   */
  copy(): TableWriter | undefined {
    const blocks = this.#runs[this.#merge?.winnerIndex ?? 0].copyable;
    if (blocks === undefined || !blocks.isAtBlockStart) return undefined;
    const separator = blocks.separatorAhead(0);
    if (separator === undefined || !this.#isClearUpTo(separator) || !this.#pays(blocks)) return undefined;
    const table = this.#outputs.writer();
    table.addBlock(blocks.storedBlock(), blocks.blockContent, separator);
    blocks.seekToBlockEnd();
    return table;
  }

  #isClearUpTo(separator: Uint8Array): boolean {
    const { end } = this.#job.bounds;
    return (
      (this.#merge === undefined || this.#merge.isAloneUpTo(separator)) &&
      (end === undefined || compareBytes(separator, end) < 0) &&
      !this.#outputs.mayEndUpTo(separator) &&
      !this.#isTouchedByTombstone(separator)
    );
  }

  #isTouchedByTombstone(separator: Uint8Array): boolean {
    if (this.#tombstones.isEmpty) return false;
    const { keySource, keyStart, keyEnd } = this.#source;
    const next = this.#tombstones.fragments.at(this.#tombstones.firstEndingAfter(keySource, keyStart, keyEnd));
    return next !== undefined && compareBytes(next.start, separator) <= 0;
  }

  /** A block that is being filled has to be cut short for it: it should be rather full, or spare a few more. */
  #pays(blocks: TableIterator): boolean {
    const { openBlockBytes } = this.#outputs.writer();
    if (openBlockBytes === 0 || openBlockBytes >= this.#job.settings.blockBytes / 2) return true;
    const separator = blocks.separatorAhead(BLOCKS_WORTH_A_CUT - 1);
    return separator !== undefined && this.#isClearUpTo(separator);
  }
}
