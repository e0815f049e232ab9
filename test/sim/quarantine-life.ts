import type { Database } from '../../src/engine/api.js';
import type { ReplayHandler, ReplayOptions, ReplayResult } from '../../src/engine/quarantine/quarantine-api.js';
import { ingestSource } from './ingest-source.js';
import { checkOrder } from './judge-quarantine.js';
import type { FoundEntry, Offer, QuarantineHistory } from './quarantine-history.js';
import { foundOf, listAll, storedOf } from './quarantine-reading.js';
import {
  DROPPING_TENANT,
  ENTRIES_MAX,
  fixedPayload,
  isBadItem,
  itemKey,
  partsOfReplayKey,
  type QuarantineDraft,
  type QuarantineStep,
  type QuarantineStepOf,
  rejectedId,
  replayKey,
  SOURCES,
  TENANTS,
} from './quarantine-step.js';
import type { SimulatedWorld } from './simulated-world.js';
import { codeOf, Violation } from './violation.js';

export interface QuarantineLifeParts {
  readonly world: SimulatedWorld;
  readonly history: QuarantineHistory;
  /** Work that goes on beside the workload until it is settled; a failure of it is a violation. */
  readonly follow: (what: string, work: Promise<void>) => Promise<void>;
  /** The database is still open: what fails with STEME_CLOSED may not. */
  readonly isOpen: () => boolean;
}

/** Carries out the steps of the quarantine in one life of a database. */
export class QuarantineLife {
  readonly #parts: QuarantineLifeParts;
  readonly #ingesting = new Set<number>();
  #isReplaying = false;
  #replays = 0;
  appendedCount = 0;
  replayedCount = 0;

  constructor(parts: QuarantineLifeParts) {
    this.#parts = parts;
  }

  async execute(db: Database, id: number, step: QuarantineStep): Promise<void> {
    const { world, history } = this.#parts;
    history.noteTime(world.nowMs);
    switch (step.kind) {
      case 'quarantine':
        for (const [part, draft] of step.entries.entries()) this.#append(db, `${id}.${part}`, draft);
        return;
      case 'replay':
        return this.#waitFor('a replay', step.isAwaited, this.#replay(db, id, step));
      case 'purge':
        return this.#waitFor('a purge', step.isAwaited, this.#purge(db, step));
      case 'ingest':
        return this.#waitFor('an ingest', step.isAwaited, this.#ingest(db, step));
      case 'inspect':
        return this.inspect(db);
      case 'setClock':
        world.setClock(step.ms);
        history.noteTime(world.nowMs);
    }
  }

  /** What a reader sees in the store at this moment must stay (law 2). */
  look(db: Database): void {
    const { history, world } = this.#parts;
    history.noteTime(world.nowMs);
    if (history.isEmpty) return;
    const stored = storedOf(db);
    for (const key of stored.keys()) {
      const parts = partsOfReplayKey(key);
      const replayed = history.offers.find(({ number }) => number === parts?.number)?.replays.get(parts?.run ?? '');
      if (replayed !== undefined) replayed.isDone = true;
    }
    for (const source of history.positions.keys()) {
      const last = SOURCES[source].items.findLastIndex((item) => stored.has(itemKey(item)));
      history.notePosition(source, last + 1);
    }
  }

  /** Lists everything: what is there must stay, and what is not is gone for good. */
  async inspect(db: Database): Promise<void> {
    const { world, history } = this.#parts;
    if (history.isEmpty) return;
    const expected = history.offers.filter(({ state, isGone }) => state === 'safe' && !isGone);
    const done = new Set(expected.filter(isDone));
    const replays = this.#replays;
    const listed = await world.settles('a list', listAll(db));
    history.noteTime(world.nowMs);
    checkOrder(listed);
    const stored = storedOf(db);
    const seen = new Map(listed.map((found) => [history.see(found), found]));
    if (!this.#isReplaying && this.#replays === replays) {
      for (const [offer, found] of seen) history.checkAttempts(offer, found, true);
    }
    for (const [offer, { isReplayed, number }] of seen) {
      if (!isReplayed && done.has(offer)) throw new Violation(`entry ${number} was replayed and waits for it again`);
      if (isReplayed && !isStored(offer, stored)) throw new Violation(`entry ${number} is marked and not in the store`);
    }
    this.look(db);
    for (const offer of expected) {
      if (seen.has(offer)) continue;
      const isExplained = history.mayBeRemoved(offer) || isStored(offer, stored);
      if (!isExplained) throw new Violation(`entry ${offer.number} (${offer.payload.slice(0, 20)}) is not listed`);
      offer.isGone = true;
    }
  }

  #append(db: Database, name: string, { tenant: index, payloadBytes, reason, once }: QuarantineDraft): void {
    const { world, history, follow } = this.#parts;
    const tenant = TENANTS[index];
    const onceId = once === undefined ? undefined : `once-${once}`;
    const payload = `${name}:`.padEnd(payloadBytes, 'p');
    const numberBefore = history.largestNumber;
    const countBefore = history.possibleCount(tenant);
    const isTight = countBefore >= (ENTRIES_MAX.get(tenant) ?? Number.POSITIVE_INFINITY);
    const offer = history.offer({ tenant, payload, reason, onceId }, world.nowMs);
    const removal =
      isTight && tenant === DROPPING_TENANT ? history.startRemoval(tenant, Number.POSITIVE_INFINITY) : undefined;
    const work = async (): Promise<void> => {
      try {
        const options = { reason, ...(onceId !== undefined && { id: onceId, ifAbsent: true }) };
        const receipt = await db.quarantine.append(tenant, payload, options);
        world.trace.add(`quarantined ${name} as ${receipt.number} ${receipt.isNew}`);
        if (receipt.isNew) this.#accept(offer, receipt.number, numberBefore);
        else this.#checkTwin(offer, receipt.number);
      } catch (error) {
        if (codeOf(error) !== 'STEME_QUARANTINE_FULL' || tenant === DROPPING_TENANT) throw error;
        offer.state = 'refused';
        const isFull = isTight || history.possibleCount(tenant) >= (ENTRIES_MAX.get(tenant) ?? 0);
        if (!isFull) throw new Violation(`an entry was refused though there is room for it`);
      } finally {
        if (removal !== undefined) history.endRemoval(removal);
      }
    };
    void follow('an append to the quarantine', this.#unlessClosed(work()));
  }

  #accept(offer: Offer, number: number, numberBefore: number): void {
    if (number <= numberBefore) throw new Violation(`number ${number} was given out after ${numberBefore}`);
    this.#parts.history.makeSafe(offer, number);
    this.appendedCount++;
  }

  /** There was one of its id: nothing was appended. */
  #checkTwin(offer: Offer, number: number): void {
    offer.state = 'refused';
    const { tenant, onceId } = offer;
    const isTwin = this.#parts.history.offers.some(
      (each) => each.tenant === tenant && each.onceId === onceId && (each.number ?? number) === number,
    );
    if (!isTwin) throw new Violation(`an entry was taken for number ${number}, which has not its id`);
  }

  async #replay(db: Database, id: number, step: QuarantineStepOf<'replay'>): Promise<void> {
    // A second one at the same time is refused.
    if (this.#isReplaying) return;
    this.#isReplaying = true;
    this.#replays++;
    const handed: Offer[] = [];
    const failed: Offer[] = [];
    const run = `run-${id}`;
    try {
      const { tenant, reason } = step;
      const filter = {
        ...(tenant !== undefined && { tenant: TENANTS[tenant] }),
        ...(reason !== undefined && { reason }),
      };
      const handler = this.#handlerOf(db, step, run, handed, failed);
      const result = await db.quarantine.replay(filter, handler, optionsOf(step));
      this.#checkResult(step, result, handed.length, failed.length);
      for (const offer of handed) this.#noteReplayed(offer, run);
      for (const offer of failed) offer.failuresMin++;
    } finally {
      this.#isReplaying = false;
    }
  }

  #handlerOf(
    db: Database,
    step: QuarantineStepOf<'replay'>,
    run: string,
    handed: Offer[],
    failed: Offer[],
  ): ReplayHandler {
    const { world } = this.#parts;
    return async (record) => {
      const { number } = record;
      const payload = step.isFixing ? record.payload.toString().replace(/^fixed /, '') : record.payload.toString();
      const offer = this.#takeHanded(db, { ...foundOf(record), payload });
      await world.scheduler.hold('handler');
      if (step.isFailing && number % 3 === 0) {
        offer.failuresMax++;
        failed.push(offer);
        throw new Error('not this time');
      }
      const value = record.payload.toString();
      offer.replays.set(run, { value, isDone: false });
      handed.push(offer);
      return { type: 'put', key: replayKey(number, run), value };
    };
  }

  #takeHanded(db: Database, found: FoundEntry): Offer {
    const { world, history, isOpen } = this.#parts;
    try {
      const offer = history.see(found);
      history.checkAttempts(offer, found, true);
      if (!isDone(offer) && !(isOpen() && isStored(offer, storedOf(db)))) return offer;
      throw new Violation(`entry ${found.number} is handed to a replay, and is in the store`);
    } catch (error) {
      // For the replay it is an attempt that failed.
      if (error instanceof Violation) world.fail(error);
      throw error;
    }
  }

  #checkResult({ isDry }: QuarantineStepOf<'replay'>, result: ReplayResult, handed: number, failed: number): void {
    const isRight = isDry
      ? handed + failed === 0
      : result.replayed === handed && result.failed === failed && result.found === handed + failed + result.poison;
    if (!isRight)
      throw new Violation(`a replay says ${JSON.stringify(result)}: ${handed} were handed on, ${failed} failed`);
    if (result.damaged > 0) throw new Violation(`a replay met ${result.damaged} damages`);
  }

  #noteReplayed(offer: Offer, run: string): void {
    const replayed = offer.replays.get(run);
    if (replayed !== undefined) replayed.isDone = true;
    this.replayedCount++;
  }

  async #purge(db: Database, { tenant: index, ageMs }: QuarantineStepOf<'purge'>): Promise<void> {
    const { world, history } = this.#parts;
    const tenant = TENANTS[index];
    const before = world.nowMs - ageMs;
    const removal = history.startRemoval(tenant, before);
    try {
      const count = await db.quarantine.purge({ tenant, before });
      world.trace.add(`purged ${count}`);
      const possible = history.offers.filter((offer) => offer.tenant === tenant && offer.state !== 'refused').length;
      if (count > possible) throw new Violation(`a purge says that it removed ${count} of ${possible} entries`);
    } finally {
      history.endRemoval(removal);
    }
  }

  async #ingest(db: Database, { source, batchRecords }: QuarantineStepOf<'ingest'>): Promise<void> {
    // A second one at the same time is refused.
    if (this.#ingesting.has(source)) return;
    this.#ingesting.add(source);
    const { world, history } = this.#parts;
    const { items, tenant } = SOURCES[source];
    const position = history.positions.get(source) ?? 0;
    history.notePosition(source, 0);
    for (const [i, payload] of items.entries()) {
      if (i < position || !isBadItem(payload)) continue;
      const onceId = rejectedId(SOURCES[source], i);
      history.offer({ tenant, payload, reason: 'malformed', onceId }, world.nowMs);
    }
    try {
      const hold = (): Promise<void> => world.scheduler.hold('source');
      const outcome = await ingestSource(db, source, batchRecords, hold, ({ skipped, accepted, rejected }) =>
        history.notePosition(source, skipped + accepted + rejected),
      );
      if (outcome.position !== items.length) throw new Violation(`an ingest ended at ${outcome.position}`);
      history.notePosition(source, items.length);
    } finally {
      this.#ingesting.delete(source);
    }
  }

  /** What the close of the database ends has not failed. */
  #unlessClosed(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      if (this.#parts.isOpen() || codeOf(error) !== 'STEME_CLOSED') throw error;
    });
  }

  async #waitFor(what: string, isAwaited: boolean, work: Promise<void>): Promise<void> {
    const { world, follow } = this.#parts;
    const followed = follow(what, this.#unlessClosed(work));
    if (isAwaited) await world.settles(what, followed);
  }
}

function optionsOf(step: QuarantineStepOf<'replay'>): ReplayOptions {
  const { isDry, isFixing, concurrency, maxAttempts, rateLimit } = step;
  return {
    dryRun: isDry,
    concurrency,
    maxAttempts,
    ...(rateLimit !== undefined && { rateLimit }),
    ...(isFixing && { fix: ({ payload }) => fixedPayload(payload.toString()) }),
  };
}

function isDone({ replays }: Offer): boolean {
  return [...replays.values()].some((replayed) => replayed.isDone);
}

function isStored({ number, replays }: Offer, stored: ReadonlyMap<string, string>): boolean {
  return number !== undefined && [...replays.keys()].some((run) => stored.has(replayKey(number, run)));
}
