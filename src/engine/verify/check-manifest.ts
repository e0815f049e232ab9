import { join } from 'node:path';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { CURRENT_NAME, manifestName, tableName } from '../../base/file-names.js';
import type { FileSystem } from '../../fs/file-system.js';
import { readCurrent, readManifest } from '../../version/manifest-reader.js';
import type { ManifestState } from '../../version/manifest-state.js';
import { type Finding, findingOf } from '../finding.js';
import { refuseLostCurrent } from '../lost-current.js';
import type { VerifyFindings } from './verify-report.js';

export interface CheckedManifest {
  readonly number: number;
  readonly state: ManifestState;
}

/**
 * Reads CURRENT and the manifest, every edit of it; undefined if they are damaged, so that nobody knows what belongs to the
 * database. Errors: STEME_NOT_FOUND where there is no database, STEME_UNSUPPORTED.
 */
export async function checkManifest(
  fileSystem: FileSystem,
  directory: string,
  findings: VerifyFindings,
): Promise<CheckedManifest | undefined> {
  const number = await unlessDamaged(findings, 'current', CURRENT_NAME, async () => {
    if (!(await fileSystem.exists(join(directory, CURRENT_NAME)))) await refuseLostCurrent(fileSystem, directory);
    return readCurrent(fileSystem, directory);
  });
  if (number === undefined) return undefined;
  const file = manifestName(number);
  findings.manifest.files = 1;
  findings.manifest.bytes = (await fileSystem.statBytes(join(directory, file))) ?? 0;
  const state = await unlessDamaged(findings, 'manifest', file, () => readManifest(fileSystem, directory, number));
  if (state === undefined) return undefined;
  findings.manifest.entries = state.version.tables().length + state.version.blobs.size;
  for (const problem of misfitsOf(state)) findings.add({ file, kind: 'manifest', offsetBytes: undefined, problem });
  return { number, state };
}

async function unlessDamaged<T>(
  findings: VerifyFindings,
  kind: Finding['kind'],
  file: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CorruptionError) findings.add(findingOf(kind, error.damage));
    else if (error instanceof StemeError && error.code === 'STEME_IO') {
      findings.add({ file, kind, offsetBytes: undefined, problem: error.message });
    } else throw error;
    return undefined;
  }
}

/** What edits that fit each other can still get wrong as a whole. */
function misfitsOf({ version, lastSequence }: ManifestState): string[] {
  const problems: string[] = [];
  const uses = new Map<number, { valueCount: number; valueBytes: number }>();
  for (const { number, largestSequence, globalSequence, blobUses } of version.tables()) {
    const sequence = Math.max(largestSequence, globalSequence);
    if (sequence > lastSequence) {
      problems.push(`expected sequences up to ${lastSequence}, found ${sequence} in ${tableName(number)}`);
    }
    for (const use of blobUses) {
      const sums = uses.get(use.number) ?? { valueCount: 0, valueBytes: 0 };
      sums.valueCount += use.valueCount;
      sums.valueBytes += use.valueBytes;
      uses.set(use.number, sums);
    }
  }
  for (const [number, { valueCount, valueBytes }] of uses) {
    const blob = version.blobs.get(number);
    if (blob !== undefined && valueCount <= blob.valueCount && valueBytes <= blob.valueBytes) continue;
    const expected = blob === undefined ? 'none' : `at most ${blob.valueCount} values of ${blob.valueBytes} bytes`;
    problems.push(`expected ${expected} in blob file ${number}, found references to ${valueCount} of ${valueBytes}`);
  }
  return problems;
}
