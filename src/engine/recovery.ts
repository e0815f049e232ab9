/**
 * Brings a directory to life: docs/recovery.md has the procedure, step by step, with what is verified at each. Everything
 * here can be cut short by a crash at any point and started again with the same outcome (law 9).
 */
import { join } from 'node:path';
import { StemeError } from '../base/errors.js';
import { logName, parseFileName } from '../base/file-names.js';
import { KIND_LOG_MARK, type Kind } from '../base/internal-key.js';
import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { Memtable } from '../memtable/memtable.js';
import { readWalRecord } from '../wal/wal-record.js';
import type { WalRecordPlace, WalReplay } from '../wal/wal-replay.js';
import { replayWal } from '../wal/wal-replay.js';
import { copyFile } from './copy-file.js';
import type { FlushStepOptions } from './flush-step.js';
import { allocateFlushFiles, flushOldest } from './flush-step.js';
import type { ResolvedOptions } from './options.js';
import type { TreeState } from './tree-state.js';

export interface ReplayContext extends FlushStepOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly options: ResolvedOptions;
}

/** Of a database that was just created. */
export const EMPTY_REPLAY: WalReplay = {
  chain: [],
  obsoleteNumbers: [],
  tornTail: undefined,
  damage: undefined,
  records: 0,
  operations: 0,
  bytes: 0,
  lastSequence: 0,
};

/** Replays the log into memtables. Full ones are flushed on the way when more wait than memory is meant to hold (law 8). */
export async function replayIntoMemtables(context: ReplayContext): Promise<WalReplay> {
  const { fileSystem, directory, options, versions, state } = context;
  const names = await fileSystem.list(directory);
  const replay = await replayWal({
    fileSystem,
    directory,
    databaseId: versions.databaseId,
    firstNumber: versions.logNumber,
    presentNumbers: numbersOfKind(names, 'log'),
    onDamage: options.walRecovery === 'strict' && options.onDamage === 'refuse' ? 'fail' : 'stop',
    flushedSequence: versions.lastSequence,
    readOnly: options.readOnly,
    onRecord: (payload, place) => replayRecord(context, payload, place),
  });
  if (replay.damage !== undefined && !options.readOnly) await preserveDamaged(context, replay);
  state.visibleSequence = replay.lastSequence;
  return replay;
}

export function numbersOfKind(names: readonly string[], kind: 'log' | 'recycled'): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const file = parseFileName(name);
    if (file?.kind === kind) numbers.push(file.number);
  }
  return numbers;
}

/** Returns a promise only when there is something to wait for: most records go straight into the memtable. */
function replayRecord(context: ReplayContext, payload: Uint8Array, place: WalRecordPlace): Promise<void> | undefined {
  const { versions, state, options } = context;
  const count = place.lastSequence - place.firstSequence + 1;
  // A crash between a flush's manifest edit and the end of its segments leaves records that are in tables already.
  if (place.lastSequence <= versions.lastSequence) return undefined;
  if (state.active.memtable.hasRoom(count, payload.length)) {
    insertAll(state, payload, place, versions.lastSequence);
    return undefined;
  }
  return (async () => {
    while (!options.readOnly && state.sealed.length >= SEALED_MEMTABLES_MAX) {
      await flushOldest(context, allocateFlushFiles(context));
    }
    state.seal(Memtable.boundBytes(count, payload.length), Promise.resolve(place.segmentNumber));
    insertAll(state, payload, place, versions.lastSequence);
  })();
}

function insertAll(state: TreeState, payload: Uint8Array, place: WalRecordPlace, flushedSequence: number): void {
  const { memtable } = state.active;
  const visitor = {
    operation(sequence: number, kind: Kind, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) {
      if (sequence <= flushedSequence || kind === KIND_LOG_MARK) return;
      memtable.insert(sequence, kind, payload, keyStart, keyEnd, payload, valueStart, valueEnd);
    },
  };
  readWalRecord(payload, visitor, place);
}

/** The user chose to go on without what is damaged: it is still kept, under a name that the engine does not touch. */
async function preserveDamaged(context: ReplayContext, replay: WalReplay): Promise<void> {
  const { fileSystem, directory } = context;
  const damagedNumber = replay.chain.at(-1)?.number;
  const numbers = damagedNumber === undefined ? replay.obsoleteNumbers : [damagedNumber, ...replay.obsoleteNumbers];
  for (const number of numbers) {
    const path = join(directory, logName(number));
    await copyFile(fileSystem, path, `${path}.damaged`);
  }
  await fileSystem.syncDirectory(directory);
}

/** The directory must hold a database, or be allowed to get one. */
export function checkPresence(exists: boolean, directory: string, options: ResolvedOptions): void {
  if (exists && options.errorIfExists) {
    throw new StemeError('STEME_EXISTS', `there is a database in ${directory}, and errorIfExists is set`);
  }
  if (!exists && (options.readOnly || !options.createIfMissing)) {
    throw new StemeError(
      'STEME_NOT_FOUND',
      `there is no database in ${directory}; check the path, or set createIfMissing`,
    );
  }
}
