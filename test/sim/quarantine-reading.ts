import type { Database } from '../../src/engine/api.js';
import type { QuarantinedRecord } from '../../src/engine/quarantine/quarantine-api.js';
import { ingestSource } from './ingest-source.js';
import type { FoundEntry } from './quarantine-history.js';
import { QUARANTINE_KEYS_START, replayKey, TENANTS } from './quarantine-step.js';
import type { SimulatedWorld } from './simulated-world.js';
import { Violation } from './violation.js';

/** Of replays after a crash. */
export const LATER_RUN = 'after';
/** Long enough that entries go to their segments, too short for a look at what has expired. */
const SETTLE_MS = 2000;
/** Of which more is asked than that they are listed. */
const ASKED_COUNT = 4;

/** What a quarantine holds, and what it has brought into the store. */
export interface QuarantineReading {
  /** Tenant by tenant, in the order in which the database lists them. */
  readonly listed: readonly FoundEntry[];
  /** Keys and values that replays and ingests wrote. */
  readonly stored: ReadonlyMap<string, string>;
  /** What came of it when everything was used again. */
  readonly later: LaterReading | undefined;
}

/** The database goes on after the crash: one more entry, the sources once more, a replay of everything, and it is opened again. */
export interface LaterReading {
  /** The number of one more entry. */
  readonly nextNumber: number;
  /** By source, what had been dealt with before. */
  readonly positions: ReadonlyMap<number, number>;
  /** Before the replay. */
  readonly listed: readonly FoundEntry[];
  readonly handedOn: readonly number[];
  /** When the replay was over: what had expired by then may have gone at any moment before. */
  readonly nowMs: number;
  /** After all of it, when it is opened once more. */
  readonly reopened: Pick<QuarantineReading, 'listed' | 'stored'>;
}

export async function readQuarantine(world: SimulatedWorld, db: Database): Promise<Omit<QuarantineReading, 'later'>> {
  const listed = await world.settles('a list', listAll(db));
  await world.settles('questions of single entries', askOf(db, listed));
  return { listed, stored: storedOf(db) };
}

/** Ends with the database closed. `reopen` opens it again. */
export async function readLater(
  world: SimulatedWorld,
  db: Database,
  sources: readonly number[],
  reopen: () => Promise<Database>,
): Promise<LaterReading> {
  const probe = db.quarantine.append(TENANTS[0], 'after the crash', { reason: 'odd' });
  const { number: nextNumber } = await world.settles('an append after a crash', probe);
  const positions = new Map<number, number>();
  for (const source of sources) {
    const outcome = await world.settles('an ingest after a crash', ingestSource(db, source, 3));
    positions.set(source, outcome.skipped);
  }
  world.time.advance(SETTLE_MS);
  const listed = await world.settles('a list', listAll(db));
  const handedOn: number[] = [];
  const replay = db.quarantine.replay(
    {},
    ({ number, payload }) => {
      handedOn.push(number);
      return { type: 'put', key: replayKey(number, LATER_RUN), value: payload };
    },
    { maxAttempts: 1_000_000, concurrency: 5 },
  );
  await world.settles('a replay after a crash', replay);
  const { nowMs } = world;
  await world.settles('the close after a crash', db.close());
  const again = await reopen();
  const reopened = { listed: await world.settles('a list', listAll(again)), stored: storedOf(again) };
  return { nextNumber, positions, listed, handedOn, nowMs, reopened };
}

export async function listAll(db: Database): Promise<FoundEntry[]> {
  const listed: FoundEntry[] = [];
  for await (const record of db.quarantine.list({ includeReplayed: true })) listed.push(foundOf(record));
  return listed;
}

export function foundOf({ number, tenant, id, reason, attempts, isReplayed, payload }: QuarantinedRecord): FoundEntry {
  return { number, tenant, id, reason, attempts, isReplayed, payload: payload.toString() };
}

export function storedOf(db: Database): Map<string, string> {
  const iterator = db.iterator({ gte: QUARANTINE_KEYS_START });
  const entries = iterator.nextvSync(10_000);
  void iterator.close();
  return new Map(entries.map(([key, value]) => [key.toString(), value.toString()]));
}

/** Single look-ups and counts must agree with the list. */
async function askOf(db: Database, listed: readonly FoundEntry[]): Promise<void> {
  for (const { tenant, id, number } of listed.slice(-ASKED_COUNT)) {
    if (!(await db.quarantine.mayContain({ tenant, id })))
      throw new Violation(`entry ${number} is denied by its filter`);
    const got = await db.quarantine.get({ tenant, id });
    if (got?.number !== number) throw new Violation(`a get of the id of entry ${number} finds ${got?.number}`);
  }
  for (const tenant of new Set(listed.map((each) => each.tenant))) {
    const { entries, replayedEntries, damages } = await db.quarantine.stats(tenant);
    const own = listed.filter((each) => each.tenant === tenant);
    const replayed = own.filter(({ isReplayed }) => isReplayed).length;
    if (damages.length > 0) throw new Violation(`a tenant has damages: ${damages.join('; ')}`);
    if (entries !== own.length - replayed || replayedEntries !== replayed) {
      const counted = `${entries} entries and ${replayedEntries} replayed ones`;
      throw new Violation(`a tenant counts ${counted}; ${own.length - replayed} and ${replayed} are listed`);
    }
  }
}
