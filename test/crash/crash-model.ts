/**
 * What a database may hold after its writer was killed. The model knows what was there before, which writes were begun
 * and in which order, and which were acknowledged; it judges what a reopened database shows. Pure: no I/O, no clock.
 *
 * A key's history is its state before the cycle, then the writes that touched it in the order of issue:
 *
 *     base   w3   w8 (acked)   w9   w15
 *                 └────────────────────┘ what may be there: the last acknowledged write, or any later one
 */

/** What stands under a key: the name of a value, or undefined for nothing. */
export type Outcome = string | undefined;

export interface ModelRecord {
  readonly key: string;
  readonly outcome: Outcome;
}

export interface ModelWrite {
  /** Place in the order of issue, from 0 without gaps. */
  readonly index: number;
  readonly records: readonly ModelRecord[];
}

/** Sentences for a person, by what went wrong; all empty when the database is sound. */
export interface Verdict {
  /** An acknowledged write, or a state from before the cycle, is gone. */
  readonly lost: readonly string[];
  /** A value that nobody had begun to write under this key. */
  readonly invented: readonly string[];
  /** A batch of which only a part is there. */
  readonly torn: readonly string[];
  /** No moment of the history explains the whole state: a later write is there, an earlier one is not. */
  readonly gaps: readonly string[];
}

interface Version {
  /** Index of the write; -1 for the state before the cycle. */
  readonly index: number;
  readonly outcome: Outcome;
}

/** What was known of writes at a moment. */
export interface ModelMoment {
  readonly acknowledged: ReadonlySet<number>;
  readonly begunCount: number;
}

export class CrashModel {
  #base = new Map<string, string>();
  readonly #histories = new Map<string, Version[]>();
  readonly #writes: ModelWrite[] = [];
  readonly #acknowledged = new Set<number>();
  #lastAcknowledged = -1;

  begin(write: ModelWrite): void {
    if (write.index !== this.#writes.length) throw new Error(`write ${write.index} begun out of order`);
    this.#writes.push(write);
    for (const { key, outcome } of write.records) this.#historyOf(key).push({ index: write.index, outcome });
  }

  acknowledge(index: number): void {
    if (index >= this.#writes.length) throw new Error(`write ${index} acknowledged before it was begun`);
    this.#acknowledged.add(index);
    this.#lastAcknowledged = Math.max(this.#lastAcknowledged, index);
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** What a copy must hold that was asked for now: what is acknowledged. */
  get acknowledged(): ReadonlySet<number> {
    return new Set(this.#acknowledged);
  }

  get begunCount(): number {
    return this.#writes.length;
  }

  /** As it was at a moment: judges a copy of the database made then. */
  at({ acknowledged, begunCount }: ModelMoment): CrashModel {
    const model = new CrashModel();
    model.adopt(this.#base);
    for (const write of this.#writes.slice(0, begunCount)) model.begin(write);
    for (const index of acknowledged) model.acknowledge(index);
    return model;
  }

  /** All keys that could hold something now, or could have held something. */
  keys(): Set<string> {
    return new Set([...this.#base.keys(), ...this.#histories.keys()]);
  }

  /** `observed` is the whole database: names of values by key. */
  judge(observed: ReadonlyMap<string, string>): Verdict {
    const lost: string[] = [];
    const invented: string[] = [];
    for (const key of new Set([...this.keys(), ...observed.keys()])) {
      const versions = this.#versionsOf(key);
      const outcome = observed.get(key);
      const allowed = versions.slice(this.#firstAllowed(versions));
      if (allowed.some((version) => version.outcome === outcome)) continue;
      const wasBegun = outcome === undefined || versions.some((version) => version.outcome === outcome);
      const sentence = `${key} holds ${shown(outcome)}, allowed: ${allowed.map((one) => shown(one.outcome)).join(', ')}`;
      if (wasBegun) lost.push(sentence);
      else invented.push(sentence);
    }
    return { lost, invented, torn: this.#findTorn(observed), gaps: this.#findGaps(observed) };
  }

  /** Takes what was observed as the state that the next cycle starts from. */
  adopt(observed: ReadonlyMap<string, string>): void {
    this.#base = new Map(observed);
    this.#histories.clear();
    this.#writes.length = 0;
    this.#acknowledged.clear();
    this.#lastAcknowledged = -1;
  }

  /** A batch is torn when one of its records is visibly there and another visibly is not. */
  #findTorn(observed: ReadonlyMap<string, string>): string[] {
    const torn: string[] = [];
    for (const { index, records } of this.#writes) {
      const present = records.filter(({ key, outcome }) => outcome !== undefined && observed.get(key) === outcome);
      if (present.length === 0) continue;
      const absent = records.filter(({ key }) => this.#isOlderThan(key, observed.get(key), index));
      if (absent.length === 0) continue;
      torn.push(`of write ${index}, ${present[0].key} is there and ${absent[0].key} is not`);
    }
    return torn;
  }

  /**
   * One log takes all writes in the order of issue, so what survives is a prefix of them that holds all acknowledged ones:
   * some cut exists at which every key shows its last write before the cut.
   */
  #findGaps(observed: ReadonlyMap<string, string>): string[] {
    const writeCount = this.#writes.length;
    // Cut c keeps the writes below c. Keys that agree with cut c are counted as differences, summed up below.
    const agreeing = new Int32Array(writeCount + 2);
    for (const [key, history] of this.#histories) {
      const outcome = observed.get(key);
      this.#versionsOf(key).forEach((version, place) => {
        if (version.outcome !== outcome) return;
        agreeing[version.index + 1]++;
        agreeing[(history[place]?.index ?? writeCount) + 1]--;
      });
    }
    const firstCut = this.#lastAcknowledged + 1;
    let keys = 0;
    for (let cut = 0; cut <= writeCount; cut++) {
      keys += agreeing[cut];
      if (cut >= firstCut && keys === this.#histories.size) return [];
    }
    return [`no prefix of at least ${firstCut} of ${writeCount} writes gives what the database shows`];
  }

  /** Whether `outcome` can only come from before write `index`. */
  #isOlderThan(key: string, outcome: Outcome, index: number): boolean {
    const matching = this.#versionsOf(key).filter((version) => version.outcome === outcome);
    return matching.length > 0 && matching.every((version) => version.index < index);
  }

  #firstAllowed(versions: readonly Version[]): number {
    return Math.max(
      0,
      versions.findLastIndex((version) => this.#acknowledged.has(version.index)),
    );
  }

  #versionsOf(key: string): Version[] {
    return [{ index: -1, outcome: this.#base.get(key) }, ...(this.#histories.get(key) ?? [])];
  }

  #historyOf(key: string): Version[] {
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = [];
      this.#histories.set(key, history);
    }
    return history;
  }
}

export function isSound(verdict: Verdict): boolean {
  return verdict.lost.length + verdict.invented.length + verdict.torn.length + verdict.gaps.length === 0;
}

function shown(outcome: Outcome): string {
  return outcome ?? 'nothing';
}
