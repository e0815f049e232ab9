/**
 * Goes on after a failure that room heals, without reopening. The database is read-only then: nothing is on its way, and readers
 * see what was acknowledged. These steps lead back, and each may fail and be tried again:
 *
 *   1. manifest   a new one, from what is published: of an edit that was refused nothing is left
 *   2. tables     of a bulk load that was refused with its mark: they are in the version, and no reader has seen them
 *   3. memtables  what is visible is copied into a fresh one; records that were refused stay behind with those who still read there
 *   4. log        a new segment goes on where the visible records end; what was refused is cut off (wal-writer.ts)
 *   5. all at once: the memtable is put in place, sequences go on after the visible one, writers get in, jobs are started
 *
 * So a write that was refused has never been made, for readers as for any later recovery (law 2), and its sequence is used again.
 */
import { assert, StemeError } from '../base/errors.js';
import { isHealedByRoom } from '../fs/disk-full.js';
import { copyMemtable } from '../memtable/copy-memtable.js';
import { Memtable } from '../memtable/memtable.js';
import type { EngineParts } from './engine.js';
import type { MemtableSlot } from './memtable-slot.js';

type ResumptionParts = Pick<
  EngineParts,
  'state' | 'versions' | 'wal' | 'pipeline' | 'flushes' | 'compactions' | 'stallController' | 'files'
>;

/** What the memtables become: of the sealed ones the oldest stay, and `active` takes the place of the others. */
interface Rewound {
  readonly sealedCount: number;
  readonly active: MemtableSlot;
}

export class Resumption {
  readonly #parts: ResumptionParts;
  #running: Promise<void> | undefined;
  /** Made by an attempt that then found no room: as long as nothing is written it holds for the next one. */
  #rewound: Rewound | undefined;

  constructor(parts: ResumptionParts) {
    this.#parts = parts;
  }

  /** At once when there is nothing to overcome. Errors: STEME_BACKGROUND, and the database stays read-only. */
  resume(): Promise<void> {
    this.#running ??= this.#resume().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #resume(): Promise<void> {
    const { versions, wal, pipeline, flushes, compactions, stallController, files, state } = this.#parts;
    if (pipeline.failure === undefined) return;
    // What was on its way when it failed comes to an end by itself, one way or the other.
    await flushes.idle();
    await Promise.allSettled([pipeline.settled()]);
    this.#refuseFinal();
    try {
      await versions.resume();
      await this.#dropUnseenTables();
      if (wal.failure !== undefined) this.#rewound ??= await this.#rewindMemtables();
      await wal.resume();
    } catch (cause) {
      const failure = refusal(cause);
      pipeline.failAgain(failure);
      throw failure;
    }
    if (this.#rewound !== undefined) state.rewind(this.#rewound.sealedCount, this.#rewound.active);
    this.#rewound = undefined;
    pipeline.recover(state.visibleSequence);
    // The manifest has the sequence of a bulk load that was refused: the log takes it for nothing, before anybody else does.
    const isAhead = versions.lastSequence > state.visibleSequence;
    const mark = isAhead ? pipeline.takeMark() : undefined;
    flushes.resume();
    compactions.resume();
    stallController.update();
    await files.collect();
    if (mark !== undefined) assert((await mark) === versions.lastSequence, 'a bulk load takes one sequence');
  }

  /** The log, the manifest and a flush may have failed one after the other; writers have heard of the first. */
  #refuseFinal(): void {
    const { versions, wal, pipeline } = this.#parts;
    for (const failure of [pipeline.failure, wal.failure, versions.failure]) {
      if (failure !== undefined && !isHealedByRoom(failure)) throw refusal(failure);
    }
  }

  async #dropUnseenTables(): Promise<void> {
    const { versions, state } = this.#parts;
    const deletedTables = state.version.levels.flatMap((tables, level) =>
      tables
        .filter(({ smallestSequence }) => smallestSequence > state.visibleSequence)
        .map(({ number }) => ({ level, number })),
    );
    if (deletedTables.length === 0) return;
    await versions.apply({ addedTables: [], deletedTables }, (version) => state.replaceVersion(version));
  }

  /** The first memtable that is not all in the log has the last visible records; those behind it have none. */
  async #rewindMemtables(): Promise<Rewound> {
    const { state } = this.#parts;
    const safe = await Promise.all(state.sealed.map(isInLog));
    const firstUnsafe = safe.indexOf(false);
    const sealedCount = firstUnsafe === -1 ? safe.length : firstUnsafe;
    const { memtable } = state.sealed.at(sealedCount) ?? state.active;
    const active = state.createSlot(Memtable.boundBytes(memtable.entryCount, memtable.userBytes));
    await copyMemtable(memtable, state.visibleSequence, active.memtable);
    return { sealedCount, active };
  }
}

/** After a failure of the log; before it the answer may be yet to come. */
async function isInLog({ nextSegment }: MemtableSlot): Promise<boolean> {
  const [outcome] = await Promise.allSettled([nextSegment]);
  return outcome.status === 'fulfilled';
}

function refusal(cause: unknown): StemeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = isHealedByRoom(cause)
    ? `there is no room to go on (${reason}); make some and call resume() again`
    : `the database cannot go on (${reason}); reopen it`;
  return new StemeError('STEME_BACKGROUND', message, { cause });
}
