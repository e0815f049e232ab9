import type { Database } from '../../src/engine/api.js';
import { grouped, type ObservedDone, type ObservedEntry, type QuarantineObservation } from './quarantine-model.js';
import { FEED_TENANT, feedId, feedItem, feedKey, isBadItem, parseDoneKey, payloadOf } from './quarantine-plan.js';

export interface QuarantineFindings extends QuarantineObservation {
  /** Wrong bytes, disorder, and ways of reading that disagree. Empty when all is well. */
  readonly problems: readonly string[];
}

/** Of so many entries one is asked for by its id too. */
const LOOKED_UP_EVERY = 23;

/** Reads all of it: the listing, look-ups, counts, what replays wrote and what ingests stored. */
export async function observeQuarantine(db: Database): Promise<QuarantineFindings> {
  const problems: string[] = [];
  const entries = await listEntries(db, problems);
  await compareCounts(db, entries, problems);
  return { entries, done: await doneOf(db, problems), stored: await storedOf(db, problems), problems };
}

async function listEntries(db: Database, problems: string[]): Promise<ObservedEntry[]> {
  const entries: ObservedEntry[] = [];
  let last: ObservedEntry | undefined;
  for await (const { tenant, id, number, isReplayed, payload } of db.quarantine.list({ includeReplayed: true })) {
    const entry = { tenant, id, number, isReplayed };
    if (last?.tenant === tenant && last.number >= number) problems.push(`${tenant}: ${id} is out of order`);
    if (!payload.equals(expectedPayload(tenant, id))) problems.push(`${tenant}: ${id} holds something else`);
    if (entries.length % LOOKED_UP_EVERY === 0) await lookUp(db, entry, problems);
    entries.push(entry);
    last = entry;
  }
  return entries;
}

async function lookUp(db: Database, { tenant, id, number }: ObservedEntry, problems: string[]): Promise<void> {
  const found = await db.quarantine.get({ tenant, id });
  if (found === undefined || found.number < number) problems.push(`${tenant}: ${id} is listed and cannot be got`);
  if (!(await db.quarantine.mayContain({ tenant, id }))) problems.push(`${tenant}: ${id} is listed and denied`);
}

async function compareCounts(db: Database, entries: readonly ObservedEntry[], problems: string[]): Promise<void> {
  const byTenant = grouped(entries, ({ tenant }) => tenant);
  for await (const tenant of db.quarantine.tenants()) {
    const listed = byTenant.get(tenant) ?? [];
    const { entries: left, replayedEntries, damages } = await db.quarantine.stats(tenant);
    const replayed = listed.filter(({ isReplayed }) => isReplayed).length;
    if (left !== listed.length - replayed || replayedEntries !== replayed) {
      const counted = `${left} and ${replayedEntries} replayed`;
      problems.push(`${tenant} counts ${counted}, listed are ${listed.length - replayed} and ${replayed}`);
    }
    problems.push(...damages.map((damage) => `${tenant}: ${damage}`));
  }
}

async function doneOf(db: Database, problems: string[]): Promise<ObservedDone[]> {
  const done: ObservedDone[] = [];
  for await (const [key, value] of db.iterator({ gte: 'done/', lt: 'done0' })) {
    const [tenant, id, run] = parseDoneKey(key.toString());
    if (!value.equals(payloadOf(tenant, id))) problems.push(`the record of ${tenant}: ${id} holds something else`);
    done.push({ tenant, id, run });
  }
  return done;
}

async function storedOf(db: Database, problems: string[]): Promise<Map<number, Set<number>>> {
  const stored = new Map<number, Set<number>>();
  for await (const [key, value] of db.iterator({ gte: 'in/', lt: 'in0' })) {
    const [feed, index] = key.toString().split('/').slice(1).map(Number);
    const isRight = key.toString() === feedKey(feed, index) && value.toString() === feedItem(feed, index);
    if (!isRight || isBadItem(index)) problems.push(`${key} holds something else`);
    const items = stored.get(feed) ?? new Set();
    stored.set(feed, items.add(index));
  }
  return stored;
}

function expectedPayload(tenant: string, id: string): Buffer {
  if (tenant !== FEED_TENANT) return payloadOf(tenant, id);
  const [feed, index] = id.replace('feed-', '').split(':').map(Number);
  const isRight = id === feedId(feed, index) && isBadItem(index);
  return Buffer.from(isRight ? feedItem(feed, index) : 'no such item');
}
