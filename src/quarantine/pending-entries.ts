import type { EncodedEntry } from './encoded-entry.js';

/**
 * Entries of a tenant that were acknowledged and of which no segment has a durable copy that is known, in order. There may be hundreds of
 * thousands: an id is found, and a sum is known, without a walk over them.
 */
export class PendingEntries {
  #entries: EncodedEntry[] = [];
  /** By id, the number of its last entry. Made when an id is first asked for, and kept while there are entries: most are never asked. */
  #numbers: Map<string, number> | undefined;
  #payloadBytes = 0;

  get count(): number {
    return this.#entries.length;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** The number of the first one. */
  get firstEntry(): number | undefined {
    return this.#entries.at(0)?.number;
  }

  /** To look at in the same turn: they come and go. */
  get entries(): readonly EncodedEntry[] {
    return this.#entries;
  }

  lastNumberOf(id: string): number | undefined {
    this.#numbers ??= new Map(this.#entries.map((entry) => [entry.id, entry.number]));
    return this.#numbers.get(id);
  }

  add(entry: EncodedEntry): void {
    this.#entries.push(entry);
    this.#numbers?.set(entry.id, entry.number);
    this.#payloadBytes += entry.payloadBytes;
  }

  /** Forgets the entries up to this number; returns how many bytes they had. */
  dropUpTo(lastEntry: number): number {
    const firstLeft = this.#entries.findIndex(({ number }) => number > lastEntry);
    const dropped = this.#entries.splice(0, firstLeft === -1 ? this.#entries.length : firstLeft);
    let droppedBytes = 0;
    for (const { id, number, bytes, payloadBytes } of dropped) {
      if (this.#numbers?.get(id) === number) this.#numbers.delete(id);
      this.#payloadBytes -= payloadBytes;
      droppedBytes += bytes.length;
    }
    if (this.#entries.length === 0) this.#numbers = undefined;
    return droppedBytes;
  }
}
