import { replayKey, retentionMsOf } from './quarantine-step.js';
import { Violation } from './violation.js';

/** What a replay would write for an entry. */
export interface ReplayedValue {
  readonly value: string;
  /** It is in the store for good. */
  isDone: boolean;
}

/**
 * One entry that was handed in. `open`: it may be there or not. `safe`: it was acknowledged or seen, and may not be lost.
 * `refused`: it is not there, and may not come back.
 */
export interface Offer {
  readonly tenant: string;
  readonly payload: string;
  readonly reason: string;
  /** The tenant has only one of this id at a time. */
  readonly onceId: string | undefined;
  readonly offeredAtMs: number;
  /** Known once it was acknowledged or seen. */
  number: number | undefined;
  state: 'open' | 'safe' | 'refused';
  /** It was seen to be removed. */
  isGone: boolean;
  /** Of attempts that failed. */
  failuresMin: number;
  failuresMax: number;
  /** By replay. */
  readonly replays: Map<string, ReplayedValue>;
}

export type OfferDraft = Pick<Offer, 'tenant' | 'payload' | 'reason' | 'onceId'>;

/** A call that may remove entries of a tenant: those that were handed in before that time, and before the call ended. */
export interface Removal {
  readonly tenant: string;
  readonly beforeMs: number;
  endIndex: number;
}

/** What is known of an entry that is found. */
export type FoundEntry = Pick<Offer, 'tenant' | 'payload' | 'reason'> & {
  readonly number: number;
  readonly id: string;
  readonly attempts: number;
  readonly isReplayed: boolean;
};

/** Everything that was done with a quarantine, and what is known to have come of it. One a database, across its crashes. */
export class QuarantineHistory {
  readonly offers: Offer[] = [];
  readonly removals: Removal[] = [];
  /** By source that was begun, how much of it is known to be dealt with. */
  readonly positions = new Map<number, number>();
  /** Of all that were acknowledged or seen. */
  largestNumber = 0;
  /** The latest time of day that there was. */
  latestMs = 0;

  /** As of this moment. */
  copy(): QuarantineHistory {
    const copy = new QuarantineHistory();
    copy.offers.push(...this.offers.map((offer) => ({ ...offer, replays: copyOfReplays(offer.replays) })));
    copy.removals.push(...this.removals.map((removal) => ({ ...removal })));
    for (const [source, position] of this.positions) copy.positions.set(source, position);
    copy.largestNumber = this.largestNumber;
    copy.latestMs = this.latestMs;
    return copy;
  }

  get isEmpty(): boolean {
    return this.offers.length === 0 && this.positions.size === 0;
  }

  noteTime(nowMs: number): void {
    this.latestMs = Math.max(this.latestMs, nowMs);
  }

  offer(draft: OfferDraft, nowMs: number): Offer {
    this.noteTime(nowMs);
    const offer: Offer = {
      ...draft,
      offeredAtMs: nowMs,
      number: undefined,
      state: 'open',
      isGone: false,
      failuresMin: 0,
      failuresMax: 0,
      replays: new Map(),
    };
    this.offers.push(offer);
    return offer;
  }

  /** So many entries of the tenant may be there. */
  possibleCount(tenant: string): number {
    return this.offers.filter((offer) => offer.tenant === tenant && offer.state !== 'refused' && !offer.isGone).length;
  }

  startRemoval(tenant: string, beforeMs: number): Removal {
    const removal = { tenant, beforeMs, endIndex: Number.POSITIVE_INFINITY };
    this.removals.push(removal);
    return removal;
  }

  endRemoval(removal: Removal): void {
    removal.endIndex = this.offers.length;
  }

  /** The entry with this number is durable. */
  makeSafe(offer: Offer, number: number): void {
    this.#give(offer, number);
    offer.state = 'safe';
    this.largestNumber = Math.max(this.largestNumber, number);
  }

  /** The offer that an entry was: by number, or by what is in it. */
  find(found: FoundEntry): Offer {
    const { number, tenant, payload, reason } = found;
    const described = `entry ${number} of tenant ${JSON.stringify(tenant.slice(0, 12))} (${payload.slice(0, 20)})`;
    const isSame = (offer: Offer): boolean =>
      offer.tenant === tenant && offer.payload === payload && offer.reason === reason;
    const offer =
      this.offers.find((each) => each.number === number && each.state !== 'refused') ??
      this.offers.find((each) => each.number === undefined && each.state === 'open' && isSame(each));
    if (offer === undefined) throw new Violation(`${described} was never appended, or was refused`);
    if (!isSame(offer)) throw new Violation(`${described} is not what was appended under its number`);
    if (found.id !== (offer.onceId ?? String(number))) throw new Violation(`${described} has the id ${found.id}`);
    if (offer.isGone) throw new Violation(`${described} was removed and is there again`);
    this.#give(offer, number);
    return offer;
  }

  /** A live database shows it, so that it may not be lost any more (law 2). */
  see(found: FoundEntry): Offer {
    const offer = this.find(found);
    this.makeSafe(offer, found.number);
    return offer;
  }

  /** `isLasting`: it is seen, and no replay goes on. */
  checkAttempts(offer: Offer, { attempts, isReplayed, number }: FoundEntry, isLasting: boolean): void {
    if (isReplayed) return;
    const { failuresMin, failuresMax } = offer;
    if (attempts < failuresMin || attempts > failuresMax) {
      throw new Violation(`entry ${number} has ${attempts} attempts, not ${failuresMin} to ${failuresMax}`);
    }
    if (isLasting) offer.failuresMin = offer.failuresMax = attempts;
  }

  /** Something that was begun by `nowMs` may have removed it. */
  mayBeRemoved(offer: Offer, nowMs = 0): boolean {
    const index = this.offers.indexOf(offer);
    if (offer.offeredAtMs < Math.max(this.latestMs, nowMs) - retentionMsOf(offer.tenant)) return true;
    return this.removals.some(
      ({ tenant, beforeMs, endIndex }) => tenant === offer.tenant && offer.offeredAtMs < beforeMs && index < endIndex,
    );
  }

  notePosition(source: number, position: number): void {
    this.positions.set(source, Math.max(position, this.positions.get(source) ?? 0));
  }

  /**
   * What goes on from a disk on which this was found. `isHard`: all that is on it is durable; else what was not safe may still go with
   * the machine, but what was not there does not come back.
   */
  cutTo(listed: readonly FoundEntry[], stored: ReadonlyMap<string, string>, isHard: boolean): void {
    const foundByOffer = new Map(listed.map((found) => [this.find(found), found]));
    for (const offer of this.offers) {
      const found = foundByOffer.get(offer);
      if (found !== undefined) {
        if (isHard) this.makeSafe(offer, found.number);
        offer.failuresMax = Math.min(offer.failuresMax, Math.max(found.attempts, offer.failuresMin));
        if (isHard && !found.isReplayed) offer.failuresMin = found.attempts;
      } else if (offer.state === 'open') offer.state = 'refused';
      else if (isHard) offer.isGone = true;
      for (const [run, replayed] of offer.replays) {
        const isFound = offer.number !== undefined && stored.has(replayKey(offer.number, run));
        if (!isFound && !replayed.isDone) offer.replays.delete(run);
        else if (isHard) replayed.isDone = true;
      }
    }
    for (const removal of this.removals) removal.endIndex = Math.min(removal.endIndex, this.offers.length);
  }

  #give(offer: Offer, number: number): void {
    const other = this.offers.find((each) => each.number === number && each !== offer);
    if (other !== undefined && other.state !== 'refused') {
      throw new Violation(`number ${number} was given to two entries: ${other.payload} and ${offer.payload}`);
    }
    if (offer.number !== undefined && offer.number !== number) {
      throw new Violation(`the entry ${offer.payload} has the numbers ${offer.number} and ${number}`);
    }
    offer.number = number;
  }
}

function copyOfReplays(replays: Offer['replays']): Offer['replays'] {
  return new Map([...replays].map(([run, replayed]) => [run, { ...replayed }]));
}
