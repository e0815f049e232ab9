import type { FoundEntry, Offer, QuarantineHistory } from './quarantine-history.js';
import { LATER_RUN, type LaterReading, type QuarantineReading } from './quarantine-reading.js';
import {
  ENTRIES_MAX,
  isBadItem,
  itemKey,
  partsOfReplayKey,
  rejectedId,
  replayKey,
  SOURCES,
} from './quarantine-step.js';
import { Violation } from './violation.js';

/**
 * Holds a quarantine as a crash left it against what was done with it: no entry is lost that nothing has removed, none is invented, changed
 * or there twice, and an entry is marked as replayed if and only if the store has its record, once.
 */
export function judgeQuarantine(history: QuarantineHistory, reading: QuarantineReading): void {
  const { listed, stored, later } = reading;
  checkOrder(listed);
  const listedOffers = new Set(listed.map((found) => history.find(found)));
  for (const found of listed) history.checkAttempts(history.find(found), found, false);
  checkReplays(history, listed, stored);
  for (const offer of history.offers) {
    if (offer.state !== 'safe' || offer.isGone || listedOffers.has(offer)) continue;
    if (!history.mayBeRemoved(offer) && storedRunsOf(offer, stored).length === 0) {
      throw new Violation(`${described(offer)} was acknowledged and is lost`);
    }
  }
  for (const source of SOURCES.keys()) checkStoredItems(history, source, stored);
  if (later !== undefined) judgeLater(history, reading, later);
}

/** Entries of a tenant stand in their order; an id that is to be there once is; and caps hold. */
export function checkOrder(listed: readonly FoundEntry[]): void {
  const lastNumbers = new Map<string, number>();
  const counts = new Map<string, number>();
  const ids = new Set<string>();
  for (const { tenant, number, id } of listed) {
    const last = lastNumbers.get(tenant) ?? 0;
    if (number <= last) throw new Violation(`entry ${number} is listed after entry ${last} of its tenant`);
    lastNumbers.set(tenant, number);
    const key = JSON.stringify([tenant, id]);
    if (ids.has(key)) throw new Violation(`two entries of a tenant have the id ${id}`);
    ids.add(key);
    const count = (counts.get(tenant) ?? 0) + 1;
    counts.set(tenant, count);
    const max = ENTRIES_MAX.get(tenant);
    if (max !== undefined && count > max) throw new Violation(`tenant ${tenant} has more than ${max} entries`);
  }
  if (new Set(listed.map(({ number }) => number)).size < listed.length) throw new Violation('a number is there twice');
}

/** Marks and records go together. */
function checkReplays(
  history: QuarantineHistory,
  listed: readonly FoundEntry[],
  stored: QuarantineReading['stored'],
): void {
  const offers = new Map(history.offers.map((offer) => [offer.number, offer]));
  for (const [key, value] of stored) {
    const parts = partsOfReplayKey(key);
    if (parts === undefined) continue;
    const replayed = offers.get(parts.number)?.replays.get(parts.run);
    if (replayed?.value !== value) throw new Violation(`the store has a record that no replay wrote: ${key}`);
  }
  for (const offer of history.offers) {
    const runs = storedRunsOf(offer, stored);
    if (runs.length > 1) throw new Violation(`${described(offer)} was replayed into the store ${runs.length} times`);
    for (const [run, { isDone }] of offer.replays) {
      if (isDone && runs[0] !== run) throw new Violation(`the record of ${described(offer)} is lost`);
    }
  }
  for (const found of listed) {
    const isStored = storedRunsOf(history.find(found), stored).length > 0;
    if (isStored === found.isReplayed) continue;
    const what = isStored ? 'is in the store, and has no mark' : 'is marked as replayed, and not in the store';
    throw new Violation(`${described(history.find(found))} ${what}`);
  }
}

/** Of a source, the records up to some place are there and no others. */
function checkStoredItems(history: QuarantineHistory, source: number, stored: QuarantineReading['stored']): void {
  const position = history.positions.get(source) ?? 0;
  let isOver = false;
  for (const [i, item] of SOURCES[source].items.entries()) {
    if (isBadItem(item)) continue;
    const value = stored.get(itemKey(item));
    if (value === undefined && i < position) throw new Violation(`item ${item} was ingested and is lost`);
    if (value !== undefined && (isOver || value !== item)) throw new Violation(`item ${item} is there out of order`);
    if (value === undefined) isOver = true;
  }
}

function judgeLater(history: QuarantineHistory, { listed, stored }: QuarantineReading, later: LaterReading): void {
  const { nextNumber, reopened } = later;
  const largest = Math.max(history.largestNumber, ...listed.map(({ number }) => number));
  if (nextNumber <= largest) throw new Violation(`number ${nextNumber} is given out after ${largest}`);
  const before = new Map(later.listed.map((found) => [found.number, found]));
  const mayBeGone = (found: FoundEntry): boolean => history.mayBeRemoved(history.find(found), later.nowMs);
  for (const found of listed) {
    const kept = before.get(found.number);
    if (kept === undefined ? mayBeGone(found) : JSON.stringify(kept) === JSON.stringify(found)) continue;
    throw new Violation(`entry ${found.number} was there when it was opened, and is gone or changed later`);
  }
  checkOrder(later.listed);
  for (const [source, position] of later.positions) {
    checkIngestedAgain(history, source, position, stored, later);
  }
  checkHandedOn(later, (found) => listed.some(({ number }) => number === found.number) && mayBeGone(found));
  checkReopened(later, reopened);
}

/** What waits is handed on in its order, but for what expires before its turn comes. */
function checkHandedOn({ listed, handedOn }: LaterReading, mayBeGone: (found: FoundEntry) => boolean): void {
  const handed = new Set(handedOn);
  const waiting = listed.filter(({ isReplayed }) => !isReplayed);
  const expected = waiting.filter((found) => handed.has(found.number) || !mayBeGone(found));
  const numbers = expected.map(({ number }) => number).join(' ');
  if (numbers !== handedOn.join(' '))
    throw new Violation(`${numbers} waited for a replay, which handed on ${handedOn}`);
}

function checkReopened({ listed, handedOn }: LaterReading, reopened: LaterReading['reopened']): void {
  const known = new Set(listed.map(({ number }) => number));
  for (const { number, isReplayed } of reopened.listed) {
    if (!known.has(number)) throw new Violation(`entry ${number} comes back when it is opened again`);
    if (!isReplayed) throw new Violation(`entry ${number} was replayed, and waits for it again`);
  }
  for (const number of handedOn) {
    if (!reopened.stored.has(replayKey(number, LATER_RUN)))
      throw new Violation(`the record of entry ${number} is lost`);
  }
}

/** Where a source stands is where its records end; and when it was run again, each item of it is there once. */
function checkIngestedAgain(
  history: QuarantineHistory,
  source: number,
  position: number,
  stored: QuarantineReading['stored'],
  later: LaterReading,
): void {
  const { listed, reopened } = later;
  if (position < (history.positions.get(source) ?? 0)) throw new Violation(`a position of source ${source} is lost`);
  const { items, tenant } = SOURCES[source];
  for (const [i, item] of items.entries()) {
    const isDealtWith = i < position;
    if (isBadItem(item)) {
      const id = rejectedId(SOURCES[source], i);
      const isListed = listed.some((found) => found.tenant === tenant && found.id === id);
      const mayBeGone = history.offers.some(
        (offer) =>
          offer.onceId === id &&
          (history.mayBeRemoved(offer, later.nowMs) || storedRunsOf(offer, stored).length > 0 || offer.isGone),
      );
      if (!isListed && !(isDealtWith && mayBeGone)) throw new Violation(`item ${item} is not in the quarantine`);
      continue;
    }
    if (stored.has(itemKey(item)) !== isDealtWith) {
      throw new Violation(
        `source ${source} stands at ${position}, and item ${i} ${isDealtWith ? 'is lost' : 'is there'}`,
      );
    }
    if (reopened.stored.get(itemKey(item)) !== item) throw new Violation(`item ${item} is lost after a second ingest`);
  }
}

function storedRunsOf({ number, replays }: Offer, stored: QuarantineReading['stored']): string[] {
  if (number === undefined) return [];
  return [...replays.keys()].filter((run) => stored.has(replayKey(number, run)));
}

function described({ number, tenant, payload }: Offer): string {
  return `entry ${number ?? '?'} of tenant ${JSON.stringify(tenant.slice(0, 12))} (${payload.slice(0, 20)})`;
}
