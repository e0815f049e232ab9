import { CorruptionError } from '../base/errors.js';
import { manifestName, parseFileName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { VersionSet } from '../version/version-set.js';
import type { WalReplay } from '../wal/wal-replay.js';
import type { Finding } from './finding.js';
import { readCurrentOrFind, readPrefix } from './manifest-search.js';

/** A damaged database as far as it can be read. */
export interface AroundDamage {
  readonly versions: VersionSet;
  readonly findings: readonly Finding[];
  /** What whoever asks for one of these files gets, by number. */
  readonly damaged: ReadonlyMap<number, CorruptionError>;
}

/** Of a database that is whole, or is not opened around damage. */
export const NO_DAMAGE: Pick<AroundDamage, 'findings' | 'damaged'> = { findings: [], damaged: new Map() };

/**
 * The version of the manifest that CURRENT names, or of the newest one where it names none, up to the first damage in it. Errors:
 * STEME_CORRUPTION if no manifest has a state, STEME_UNSUPPORTED, STEME_IO.
 */
export async function recoverAround(fileSystem: FileSystem, directory: string): Promise<AroundDamage> {
  const findings: Finding[] = [];
  const named = await readCurrentOrFind(fileSystem, directory, findings);
  const numbers = named === undefined ? await manifestNumbers(fileSystem, directory) : [named];
  for (const number of numbers) {
    const { state } = await readPrefix(fileSystem, directory, number, findings);
    if (state === undefined) continue;
    const versions = await VersionSet.of({ fileSystem, directory }, state, number);
    const damaged = new Map<number, CorruptionError>();
    for await (const { kind, number: fileNumber, isMissing, error } of versions.damagedFiles()) {
      // Each value of a blob file has a checksum of its own: what is left of one can be read.
      if (kind === 'table' || isMissing) damaged.set(fileNumber, error);
      const { file, expected, found } = error.damage;
      findings.push({ file, kind, offsetBytes: undefined, problem: `${found} in place of ${expected}` });
    }
    return { versions, findings, damaged };
  }
  const file = named === undefined ? 'MANIFEST-*' : manifestName(named);
  throw new CorruptionError({ file, offsetBytes: 0, expected: 'a manifest with a whole snapshot', found: 'none' });
}

/** Whether there is anything to read around the loss of CURRENT. */
export async function hasManifest(fileSystem: FileSystem, directory: string): Promise<boolean> {
  return (await manifestNumbers(fileSystem, directory)).length > 0;
}

/** What was left out of the log is damage like any other. */
export function withLogDamage(findings: readonly Finding[], { damage }: WalReplay): readonly Finding[] {
  if (damage === undefined) return findings;
  const { file, offsetBytes, expected, found } = damage;
  return [...findings, { file, kind: 'log', offsetBytes, problem: `${found} in place of ${expected}` }];
}

/** Newest first. */
async function manifestNumbers(fileSystem: FileSystem, directory: string): Promise<number[]> {
  const files = (await fileSystem.list(directory)).map(parseFileName);
  return files.flatMap((file) => (file?.kind === 'manifest' ? [file.number] : [])).sort((a, b) => b - a);
}
