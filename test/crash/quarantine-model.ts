/**
 * What the quarantine may hold after its writer was killed. The model knows which entries were begun and acknowledged, which may have been
 * removed, and which a replay has brought in; it judges what a reopened database shows. Pure: no I/O, no clock.
 *
 *     begun ─► acknowledged, or seen by a judge ─► removable: purged, or old enough ─► gone
 *                                             └──► done: brought in by a replay ─────► gone
 *
 * What is gone once does not come back.
 */
import { BRIEF_RETENTION_MS, FEED_ITEMS, FEED_TENANT, feedId, isBadItem, TENANTS } from './quarantine-plan.js';
import type { EntryName } from './quarantine-protocol.js';

/** Sentences for a person, by what went wrong; all empty when the quarantine is sound. */
export interface QuarantineVerdict {
  /** Acknowledged, or seen before, and gone. */
  readonly lost: readonly string[];
  /** An entry or a record that nobody had begun to write, or one that had gone and is back. */
  readonly invented: readonly string[];
  /** An entry that is there twice, or that was brought in twice. */
  readonly doubled: readonly string[];
  /** A record without its mark, or a mark without its record; an item of a source that is stored before others ahead of it. */
  readonly torn: readonly string[];
}

export interface ObservedEntry extends EntryName {
  readonly number: number;
  readonly isReplayed: boolean;
}

/** A record that a replay wrote. */
export interface ObservedDone extends EntryName {
  readonly run: string;
}

export interface QuarantineObservation {
  /** Replayed ones too, in the order of the listing. */
  readonly entries: readonly ObservedEntry[];
  readonly done: readonly ObservedDone[];
  /** Of each source, the good items that are stored. */
  readonly stored: ReadonlyMap<number, ReadonlySet<number>>;
}

interface KnownEntry {
  readonly name: EntryName;
  readonly begunAtMs: number;
  /** Of the acknowledgement; undefined before there is one. */
  number: number | undefined;
  /** Acknowledged, or seen: what is visible is durable. */
  isCertain: boolean;
  isRemovable: boolean;
  isGone: boolean;
}

export class QuarantineModel {
  /** By tenant and id. */
  readonly #known = new Map<string, KnownEntry>();
  /** By entry, the run that has brought it in for sure. */
  readonly #replayed = new Map<string, string>();
  readonly #runs = new Set<string>();
  readonly #feeds = new Map<number, { isComplete: boolean }>();
  acknowledgedCount = 0;

  begin(name: EntryName, begunAtMs: number): void {
    const key = keyOf(name);
    const known = this.#known.get(key);
    if (known !== undefined && !known.isGone) return;
    const fresh = { number: undefined, isCertain: false, isRemovable: false, isGone: false };
    this.#known.set(key, { name, begunAtMs, ...fresh });
  }

  /** `number`: 0 where it is not known. */
  acknowledge(name: EntryName, number: number): void {
    const known = this.#known.get(keyOf(name));
    if (known === undefined) throw new Error(`${shown(name)} acknowledged before it was begun`);
    known.isCertain = true;
    if (number > 0) known.number = number;
    this.acknowledgedCount++;
  }

  /** What was begun by now may go. */
  beginPurge(tenant: string): void {
    for (const known of this.#known.values()) if (known.name.tenant === tenant) known.isRemovable = true;
  }

  beginReplay(run: string): void {
    this.#runs.add(run);
  }

  endReplay(tenant: string, run: string, ids: readonly string[]): void {
    for (const id of ids) this.#replayed.set(keyOf({ tenant, id }), run);
  }

  beginFeed(feed: number): void {
    if (!this.#feeds.has(feed)) this.#feeds.set(feed, { isComplete: false });
  }

  endFeed(feed: number): void {
    this.#feeds.set(feed, { isComplete: true });
  }

  /** `endedAtMs` is when the last process that could remove something had ended. */
  judge({ entries, done, stored }: QuarantineObservation, endedAtMs: number): QuarantineVerdict {
    const verdict = { lost: [] as string[], invented: [] as string[], doubled: [] as string[], torn: [] as string[] };
    const present = new Map(entries.map((entry) => [keyOf(entry), entry]));
    const doneRuns = grouped(done, keyOf);
    if (present.size < entries.length) verdict.doubled.push(...twice(entries));
    for (const entry of entries) this.#judgePresent(entry, doneRuns.has(keyOf(entry)), verdict);
    for (const [key, known] of this.#known) {
      if (present.has(key) || !this.#mustBeThere(known, endedAtMs) || doneRuns.has(key)) continue;
      verdict.lost.push(`${shown(known.name)}, ${known.number ?? 'seen before'}, is gone`);
    }
    this.#judgeDone(doneRuns, verdict);
    for (const [feed, { isComplete }] of this.#feeds) {
      const missing = missingItems(feed, stored.get(feed) ?? new Set(), present, isComplete);
      if (missing.length > 0) verdict[isComplete ? 'lost' : 'torn'].push(`of source ${feed}, ${missing.join(', ')}`);
    }
    return verdict;
  }

  /** Takes what was observed as the state that the next life starts from. */
  adopt({ entries }: QuarantineObservation): void {
    const present = new Set(entries.map(keyOf));
    for (const entry of entries) {
      if (entry.tenant === FEED_TENANT) this.begin(entry, 0);
      const known = this.#known.get(keyOf(entry));
      if (known !== undefined) known.isCertain = true;
    }
    for (const [key, known] of this.#known) if (!present.has(key)) known.isGone = true;
  }

  #judgePresent(entry: ObservedEntry, isDone: boolean, verdict: Record<keyof QuarantineVerdict, string[]>): void {
    if (entry.isReplayed !== isDone) {
      verdict.torn.push(`${shown(entry)} is ${entry.isReplayed ? 'marked, without' : 'not marked, with'} its record`);
    }
    if (entry.tenant === FEED_TENANT) return;
    const known = this.#known.get(keyOf(entry));
    if (known === undefined) verdict.invented.push(`${shown(entry)} was never begun`);
    else if (known.isGone) verdict.invented.push(`${shown(entry)} had gone and is back`);
    else if (known.number !== undefined && known.number !== entry.number) {
      verdict.invented.push(`${shown(entry)} has number ${entry.number}, acknowledged was ${known.number}`);
    }
  }

  #judgeDone(
    doneRuns: ReadonlyMap<string, readonly ObservedDone[]>,
    verdict: Record<keyof QuarantineVerdict, string[]>,
  ): void {
    for (const [key, runs] of doneRuns) {
      if (runs.length > 1) {
        verdict.doubled.push(`${shown(runs[0])} was brought in by ${runs.map(({ run }) => run).join(' and ')}`);
      }
      if (!this.#known.has(key) || !runs.every(({ run }) => this.#runs.has(run))) {
        verdict.invented.push(`the record of ${shown(runs[0])} by ${runs[0].run}`);
      }
    }
    for (const [key, run] of this.#replayed) {
      if (doneRuns.get(key)?.some((one) => one.run === run) === true) continue;
      verdict.lost.push(`the record of ${key} by ${run}`);
    }
  }

  #mustBeThere({ name, begunAtMs, isCertain, isRemovable, isGone }: KnownEntry, endedAtMs: number): boolean {
    if (!isCertain || isRemovable || isGone) return false;
    const isBrief = TENANTS.brief.some((tenant) => tenant === name.tenant);
    return !isBrief || endedAtMs - begunAtMs <= BRIEF_RETENTION_MS;
  }
}

export function isQuarantineSound({ lost, invented, doubled, torn }: QuarantineVerdict): boolean {
  return lost.length + invented.length + doubled.length + torn.length === 0;
}

/** Up to the last item that is stored, or of all: those that are neither stored nor in the quarantine. */
function missingItems(
  feed: number,
  stored: ReadonlySet<number>,
  present: ReadonlyMap<string, unknown>,
  isComplete: boolean,
): string[] {
  const end = isComplete ? FEED_ITEMS : Math.max(0, ...[...stored].map((index) => index + 1));
  const missing: string[] = [];
  for (let index = 0; index < end; index++) {
    const isKept = present.has(keyOf({ tenant: FEED_TENANT, id: feedId(feed, index) }));
    if (isBadItem(index) ? !isKept : !stored.has(index)) missing.push(`item ${index} is missing`);
  }
  return missing;
}

export function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

function twice(entries: readonly ObservedEntry[]): string[] {
  const seen = new Set<string>();
  return entries.flatMap((entry) => {
    const isSecond = seen.has(keyOf(entry));
    seen.add(keyOf(entry));
    return isSecond ? [`${shown(entry)} is there again, as number ${entry.number}`] : [];
  });
}

function keyOf({ tenant, id }: EntryName): string {
  return JSON.stringify([tenant, id]);
}

function shown({ tenant, id }: EntryName): string {
  return `${tenant}: ${id}`;
}
