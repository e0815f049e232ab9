/**
 * Brings a directory to life: docs/recovery.md has the procedure, step by step, with what is verified at each. Everything
 * here can be cut short by a crash at any point and started again with the same outcome (law 9).
 */
import { join } from 'node:path';
import { StemeError } from '../base/errors.js';
import { logName, parseFileName } from '../base/file-names.js';
import type { WalReplay } from '../wal/wal-replay.js';
import { replayWal } from '../wal/wal-replay.js';
import { copyFile } from './copy-file.js';
import type { ResolvedOptions } from './options.js';
import { type ReplayContext, ReplayMemtables } from './replay-memtables.js';

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

/**
 * Replays the log into memtables. While it is read and judged record by record, memtables are filled from what was read already, in
 * workers where that pays. Full ones are flushed on the way when more wait than memory is meant to hold (law 8).
 */
export async function replayIntoMemtables(context: ReplayContext): Promise<WalReplay> {
  const memtables = new ReplayMemtables(context);
  try {
    const replay = await readLog(context, memtables);
    await memtables.finish();
    if (replay.damage !== undefined && !context.options.readOnly) await preserveDamaged(context, replay);
    context.state.visibleSequence = replay.lastSequence;
    return replay;
  } finally {
    // Whoever closes what they write to must know that they have ended.
    await memtables.idle();
  }
}

async function readLog(context: ReplayContext, memtables: ReplayMemtables): Promise<WalReplay> {
  const { fileSystem, directory, options, versions } = context;
  const names = await fileSystem.list(directory);
  return replayWal({
    fileSystem,
    directory,
    databaseId: versions.databaseId,
    firstNumber: versions.logNumber,
    presentNumbers: numbersOfKind(names, 'log'),
    onDamage: options.walRecovery === 'strict' && options.onDamage === 'refuse' ? 'fail' : 'stop',
    flushedSequence: versions.lastSequence,
    readOnly: options.readOnly,
    onChain: (segmentBytes) => memtables.expect(segmentBytes),
    onRecord: (payload, place) => memtables.add(payload.length, place),
  });
}

export function numbersOfKind(names: readonly string[], kind: 'log' | 'recycled'): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const file = parseFileName(name);
    if (file?.kind === kind) numbers.push(file.number);
  }
  return numbers;
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
