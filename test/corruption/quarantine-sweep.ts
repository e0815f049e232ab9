/**
 * Harm to the files of a quarantine. Whatever is damaged, every entry that is handed out is one that was appended, byte for byte, none comes
 * twice, what is missing is told with its file, and the store beside it goes on.
 */
import { join } from 'node:path';
import { CorruptionError } from '../../src/base/errors.js';
import { KIB } from '../../src/base/limits.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { readIntake } from '../../src/quarantine/intake-reader.js';
import { findJournalId } from '../../src/quarantine/journal-id.js';
import { openForTest } from '../../src/testing.js';
import { collected } from '../support/collected.js';
import { applyHarm, readWholeFile } from '../support/damage.js';
import { describeHarm, type Harm } from '../support/damage-plan.js';
import { isTyped } from './observation.js';

/** `torn`: what is missing is the end of a log that nothing vouches for, or a whole one that nothing else names (docs/formats.md). */
export type QuarantineOutcome = 'all there' | 'told' | 'torn' | 'refused' | 'wrong';

export interface QuarantineSweep {
  readonly outcomes: Map<QuarantineOutcome, number>;
  readonly failures: string[];
}

interface KnownQuarantine {
  readonly disk: MemoryFileSystem;
  /** What is said of each entry, by number. */
  readonly entries: ReadonlyMap<number, string>;
  /** The entries that are in the intake, and perhaps in segments too. */
  readonly inIntake: ReadonlySet<number>;
}

const DIRECTORY = '/db';
const LOG_BYTES = 16 * KIB;
const PAYLOAD_BYTES = 1500;
const SETTLED_ENTRIES = 48;
const PENDING_ENTRIES = 5;
const KEY = 'a key of the store';

async function openOn(disk: MemoryFileSystem, salt: number, onWarning: (warning: Error) => void = () => undefined) {
  const time = new SimulatedTime(1_700_000_000_000);
  const environment = { clock: time, timers: time, logSpaceBytes: LOG_BYTES, onWarning, randomUint32: () => salt };
  return openForTest(disk, DIRECTORY, {}, environment);
}

/** Entries in several segments of two tenants, some of them replayed, and some in the intake alone. */
async function knownQuarantine(salt: number): Promise<KnownQuarantine> {
  const disk = new MemoryFileSystem();
  const db = await openOn(disk, salt);
  await db.put(KEY, 'x');
  const append = async (i: number): Promise<void> => {
    const text = `${salt} entry ${i} `;
    const payload = text.repeat(Math.ceil(PAYLOAD_BYTES / text.length));
    await db.quarantine.append(i % 3 === 0 ? 'b' : 'a', payload, { reason: i % 4 === 0 ? 'mended' : 'broken' });
  };
  for (let i = 0; i < SETTLED_ENTRIES; i++) await append(i);
  await db.quarantine.purge({ tenant: 'a', before: 0 });
  await db.quarantine.replay({ reason: 'mended' }, () => undefined);
  for (let i = 0; i < PENDING_ENTRIES; i++) await append(SETTLED_ENTRIES + i);
  const entries = await entriesOf(db);
  const killed = disk.clone();
  await db.close();
  const id = await findJournalId(killed, DIRECTORY);
  const { files } = await readIntake(killed, join(DIRECTORY, 'quarantine'), id ?? 0);
  const inIntake = new Set(files.flatMap((file) => file.entries.map(({ number }) => number)));
  return { disk: killed, entries, inIntake };
}

async function entriesOf(db: Database): Promise<Map<number, string>> {
  const entries = new Map<number, string>();
  for await (const { number, tenant, payload, isReplayed } of db.quarantine.list({ includeReplayed: true })) {
    if (entries.has(number)) throw new Error(`entry ${number} comes twice`);
    entries.set(number, `${tenant}, ${isReplayed ? 'replayed' : 'left'}: ${payload}`);
  }
  return entries;
}

async function quarantineFiles(disk: MemoryFileSystem): Promise<string[]> {
  const names: string[] = [];
  for (const name of await disk.list(join(DIRECTORY, 'quarantine'))) {
    if (name.endsWith('.intake')) names.push(`quarantine/${name}`);
    else if (!name.includes('.')) {
      const files = await disk.list(join(DIRECTORY, 'quarantine', name));
      names.push(...files.map((file) => `quarantine/${name}/${file}`));
    }
  }
  return names;
}

async function harmsOf(disk: MemoryFileSystem, file: string, stepBytes: number): Promise<Harm[]> {
  const sizeBytes = (await disk.statBytes(join(DIRECTORY, file))) ?? 0;
  const harms: Harm[] = [
    { kind: 'missing', file },
    { kind: 'emptied', file },
    { kind: 'of another database', file },
    { kind: 'extended', file, lengthBytes: 5000, seed: 1 },
  ];
  for (let at = 0; at < sizeBytes; at += stepBytes) {
    harms.push({ kind: 'bit flip', file, offsetBytes: at, bit: at % 8 });
    if (at % (stepBytes * 4) === 0) harms.push({ kind: 'truncation', file, sizeBytes: at });
  }
  return harms;
}

/** A flip in every so-many-eth byte of every file, and cuts, losses and files of another database. */
export async function sweepQuarantine(
  stepBytes: number,
  onHarm: (harm: Harm) => void = () => undefined,
): Promise<QuarantineSweep> {
  const known = await knownQuarantine(1);
  const other = await knownQuarantine(2);
  const sweep: QuarantineSweep = { outcomes: new Map(), failures: [] };
  for (const file of await quarantineFiles(known.disk)) {
    for (const harm of await harmsOf(known.disk, file, stepBytes)) {
      onHarm(harm);
      let outcome: QuarantineOutcome;
      try {
        const disk = known.disk.clone();
        await applyHarm(disk, DIRECTORY, harm, (name) => readWholeFile(other.disk, join(DIRECTORY, name)));
        outcome = await judge(known, disk, harm);
      } catch (error) {
        outcome = 'wrong';
        sweep.failures.push(`${describeHarm(harm)}: ${error instanceof Error ? error.stack : String(error)}`);
      }
      sweep.outcomes.set(outcome, (sweep.outcomes.get(outcome) ?? 0) + 1);
    }
  }
  return sweep;
}

/** Throws where something is wrong. */
async function judge(known: KnownQuarantine, disk: MemoryFileSystem, harm: Harm): Promise<QuarantineOutcome> {
  const told: Error[] = [];
  const db = await openOn(disk, 1, (warning) => told.push(warning));
  try {
    if (db.getSync(KEY)?.toString() !== 'x') throw new Error('the store has lost its record');
    await db.put(KEY, 'x');
    const found = await entriesOf(db);
    for (const [number, text] of found) {
      if (known.entries.get(number) !== text) throw new Error(`entry ${number} is not what was appended`);
    }
    for (const tenant of ['a', 'b']) {
      const { damages } = await db.quarantine.stats(tenant);
      told.push(...damages.map((message) => new Error(message)));
    }
    await expectReplay(db, found);
    const missing = [...known.entries.keys()].filter((number) => !found.has(number));
    if (missing.length === 0) return 'all there';
    if (told.some(({ message }) => message.includes(join(DIRECTORY, 'quarantine')))) return 'told';
    if (isTail(known, missing, harm)) return 'torn';
    throw new Error(`entries ${missing.join(', ')} are missing, and nothing is said`);
  } catch (error) {
    if (isTyped(error) && !(error instanceof CorruptionError)) return 'refused';
    throw error;
  } finally {
    await db.close();
  }
}

/** Each entry that is left is handed on once, also over a reopening. */
async function expectReplay(db: Database, found: ReadonlyMap<number, string>): Promise<void> {
  const left = [...found].filter(([, text]) => text.includes(', left: ')).map(([number]) => number);
  const handed: number[] = [];
  const handOn = ({ number }: { number: number }): undefined => {
    handed.push(number);
  };
  for (let time = 0; time < 2; time++) await db.quarantine.replay({}, handOn);
  const byNumber = (a: number, b: number): number => a - b;
  if (handed.sort(byNumber).join() !== left.sort(byNumber).join()) {
    throw new Error(`handed on were ${handed.join()}, left were ${left.join()}`);
  }
  const { number } = await db.quarantine.append('a', 'more', { reason: 'more' });
  const later = await collected(db.quarantine.list({ reason: 'more' }));
  if (later.length !== 1 || later[0].number !== number)
    throw new Error('what is appended behind the harm is not there');
}

/** Whether what is missing is the end of the harmed file, as far as its readers can know. */
function isTail({ entries, inIntake }: KnownQuarantine, missing: readonly number[], harm: Harm): boolean {
  const [, tenant, segment] = harm.file.split('/');
  if (segment === undefined && isWhole(harm)) return missing.every((number) => inIntake.has(number));
  const isOfFile = (number: number): boolean =>
    segment === undefined
      ? inIntake.has(number)
      : !inIntake.has(number) && entries.get(number)?.startsWith(tenant) === true;
  const last = [...entries.keys()].filter(isOfFile).sort((a, b) => a - b);
  return last.slice(-missing.length).join() === [...missing].sort((a, b) => a - b).join();
}

/** Nothing of the file is left. */
function isWhole(harm: Harm): boolean {
  const { kind } = harm;
  if (kind === 'truncation') return harm.sizeBytes === 0;
  return kind === 'missing' || kind === 'emptied' || kind === 'of another database';
}
