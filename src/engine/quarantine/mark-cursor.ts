import { CorruptionError } from '../../base/errors.js';
import type { Entry } from '../api.js';
import { decodeMark, type EntryMark, lastEntryOf, markKey } from './entry-marks.js';
import type { SystemStore } from './system-store.js';

/** What is known of the entries from `firstEntry` to `lastEntry`. */
export type MarkStretch =
  | { readonly kind: 'marked'; readonly mark: EntryMark; readonly firstEntry: number; readonly lastEntry: number }
  /** A mark cannot be read, and may cover them: nobody knows whether they are done. */
  | {
      readonly kind: 'unreadable';
      readonly error: CorruptionError;
      readonly firstEntry: number;
      readonly lastEntry: number;
    };

/**
 * The marks of a tenant that end with `fromEntry` or behind it, in order. One that cannot be read may reach back to the one before it.
 * Errors: STEME_IO, STEME_UNSUPPORTED.
 */
export async function* readMarks(
  store: SystemStore,
  tenant: string,
  fromEntry: number,
): AsyncGenerator<MarkStretch, void> {
  let firstEntry = fromEntry;
  try {
    const marks = store.scan(markKey(tenant, fromEntry), markKey(tenant, Number.MAX_SAFE_INTEGER));
    for await (const entry of marks) {
      const stretch = stretchOf(entry, firstEntry);
      firstEntry = stretch.lastEntry + 1;
      yield stretch;
    }
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    // The tree itself is damaged here: what it has behind that is not known.
    yield { kind: 'unreadable', error, firstEntry, lastEntry: Number.MAX_SAFE_INTEGER };
  }
}

function stretchOf([key, value]: Entry, unmarkedFrom: number): MarkStretch {
  try {
    const mark = decodeMark(key, value);
    return { kind: 'marked', mark, firstEntry: mark.firstEntry, lastEntry: mark.lastEntry };
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return { kind: 'unreadable', error, firstEntry: unmarkedFrom, lastEntry: lastEntryOf(key) };
  }
}

/** The marks of a tenant beside a walk over its entries: both go forwards. Close it. */
export class MarkCursor {
  readonly #stretches: AsyncGenerator<MarkStretch, void>;
  #current: MarkStretch | undefined;
  #isOver = false;

  private constructor(store: SystemStore, tenant: string) {
    this.#stretches = readMarks(store, tenant, 0);
  }

  /** The marks of this moment, whatever is removed later. Errors: STEME_IO, STEME_UNSUPPORTED. */
  static async open(store: SystemStore, tenant: string): Promise<MarkCursor> {
    const cursor = new MarkCursor(store, tenant);
    await cursor.#advance();
    return cursor;
  }

  /** What covers the entry `number`, which is not below those that were asked for before. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async stretchOf(number: number): Promise<MarkStretch | undefined> {
    while (this.isBehind(number)) await this.#advance();
    return this.knownStretchOf(number);
  }

  /** The same where the cursor is not behind the entry. */
  knownStretchOf(number: number): MarkStretch | undefined {
    const stretch = this.#current;
    const covers = stretch !== undefined && stretch.firstEntry <= number && number <= stretch.lastEntry;
    return covers ? stretch : undefined;
  }

  /** Whether marks have to be read first to know what covers the entry. */
  isBehind(number: number): boolean {
    return !this.#isOver && (this.#current === undefined || this.#current.lastEntry < number);
  }

  async #advance(): Promise<void> {
    const next = await this.#stretches.next();
    if (next.done === true) this.#isOver = true;
    else this.#current = next.value;
  }

  async close(): Promise<void> {
    await this.#stretches.return();
  }
}
