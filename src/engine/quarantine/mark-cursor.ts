import type { Entry } from '../api.js';
import { decodeMark, type EntryMark, markKey } from './entry-marks.js';
import type { SystemStore } from './system-store.js';

/** The marks of a tenant beside a walk over its entries: both go forwards. Close it. */
export class MarkCursor {
  readonly #entries: AsyncIterableIterator<Entry>;
  #current: EntryMark | undefined;
  #isOver = false;

  constructor(store: SystemStore, tenant: string) {
    this.#entries = store.scan(markKey(tenant, 0), markKey(tenant, Number.MAX_SAFE_INTEGER));
  }

  /** The mark that covers the entry `number`, which is not below those that were asked for before. */
  async markOf(number: number): Promise<EntryMark | undefined> {
    while (!this.#isOver && (this.#current === undefined || this.#current.lastEntry < number)) {
      const next = await this.#entries.next();
      if (next.done === true) this.#isOver = true;
      else this.#current = decodeMark(next.value[0], next.value[1]);
    }
    const mark = this.#current;
    const covers = mark !== undefined && mark.firstEntry <= number && number <= mark.lastEntry;
    return covers ? mark : undefined;
  }

  async close(): Promise<void> {
    await this.#entries.return?.();
  }
}
