import { CorruptionError, StemeError } from '../../base/errors.js';
import { logName } from '../../base/file-names.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { ManifestState } from '../../version/manifest-state.js';
import { replayWal, type WalReplay } from '../../wal/wal-replay.js';
import { findingOf } from '../finding.js';
import { numbersOfKind } from '../recovery.js';
import { walkSegment } from './segment-walk.js';
import type { VerifyFindings } from './verify-report.js';

export interface LogCheckOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly findings: VerifyFindings;
  readonly throwIfAborted: () => void;
}

/**
 * Replays the log as recovery does, into nothing. Where that ends at a bad place, what stands behind it is walked segment by
 * segment. Without the manifest's state nothing is known of the order of segments, so each is walked by itself. Returns the
 * segments that are part of the log, as far as that can be told.
 */
export async function checkLog(state: ManifestState | undefined, options: LogCheckOptions): Promise<Set<number>> {
  const { fileSystem, directory, findings } = options;
  const presentNumbers = numbersOfKind(await fileSystem.list(directory), 'log');
  if (state === undefined) {
    await walkSegments(presentNumbers, undefined, options);
    return new Set(presentNumbers);
  }
  const replay = await replayUnlessDamaged(state, presentNumbers, options);
  if (replay !== undefined && replay.damage === undefined) {
    noteReplay(replay, findings);
    return new Set(replay.chain.map(({ number }) => number));
  }
  if (replay?.damage !== undefined) findings.add(findingOf('log', replay.damage));
  const neededNumbers = presentNumbers.filter((number) => number >= state.logNumber);
  await walkSegments(neededNumbers, state.databaseId, options);
  return new Set(neededNumbers);
}

async function replayUnlessDamaged(
  state: ManifestState,
  presentNumbers: readonly number[],
  { fileSystem, directory, findings, throwIfAborted }: LogCheckOptions,
): Promise<WalReplay | undefined> {
  try {
    return await replayWal({
      fileSystem,
      directory,
      databaseId: state.databaseId,
      firstNumber: state.logNumber,
      presentNumbers,
      onDamage: 'stop',
      flushedSequence: state.lastSequence,
      readOnly: true,
      onRecord: throwIfAborted,
    });
  } catch (error) {
    if (error instanceof CorruptionError) findings.add(findingOf('log', error.damage));
    else if (error instanceof StemeError && error.code === 'STEME_IO') {
      const file = logName(state.logNumber);
      findings.add({ file, kind: 'log', offsetBytes: undefined, problem: error.message });
    } else throw error;
    return undefined;
  }
}

function noteReplay({ chain, bytes, operations, tornTail }: WalReplay, findings: VerifyFindings): void {
  findings.log.files = chain.length;
  findings.log.bytes = bytes;
  findings.log.entries = operations;
  if (tornTail === undefined) return;
  findings.note({ ...tornTail, kind: 'log', problem: 'a torn tail: nothing there was ever acknowledged' });
}

async function walkSegments(
  numbers: readonly number[],
  databaseId: number | undefined,
  { fileSystem, directory, findings, throwIfAborted }: LogCheckOptions,
): Promise<void> {
  for (const number of numbers) {
    throwIfAborted();
    const walk = await walkSegment(fileSystem, directory, number, databaseId);
    findings.log.files += 1;
    findings.log.bytes += walk.bytes;
    findings.log.entries += walk.operations;
    for (const finding of walk.findings) if (!findings.hasAt(finding)) findings.add(finding);
  }
}
