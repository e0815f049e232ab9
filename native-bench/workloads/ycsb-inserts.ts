/** Hands out the indexes of new records and knows up to which one all are there, however their acknowledgements arrive. */
export class InsertCounter {
  #next: number;
  #acknowledged: number;
  readonly #early = new Set<number>();

  constructor(recordCount: number) {
    this.#next = recordCount;
    this.#acknowledged = recordCount;
  }

  take(): number {
    return this.#next++;
  }

  acknowledge(index: number): void {
    this.#early.add(index);
    while (this.#early.delete(this.#acknowledged)) this.#acknowledged++;
  }

  /** Every record below this index may be read. */
  get acknowledged(): number {
    return this.#acknowledged;
  }
}
