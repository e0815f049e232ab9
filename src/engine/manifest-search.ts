import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { CURRENT_NAME, manifestName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { type ManifestPrefix, readCurrent, readManifestPrefix } from '../version/manifest-reader.js';
import type { Finding } from './finding.js';

/** The number of the manifest that CURRENT names; undefined, with a finding, where it does not name one. */
export async function readCurrentOrFind(
  fileSystem: FileSystem,
  directory: string,
  findings: Finding[],
): Promise<number | undefined> {
  if (!(await fileSystem.exists(join(directory, CURRENT_NAME)))) {
    findings.push({ file: CURRENT_NAME, kind: 'current', offsetBytes: undefined, problem: 'it is not there' });
    return undefined;
  }
  try {
    return await readCurrent(fileSystem, directory);
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const { offsetBytes, expected, found } = error.damage;
    findings.push({ file: CURRENT_NAME, kind: 'current', offsetBytes, problem: `${found} in place of ${expected}` });
    return undefined;
  }
}

/** A manifest as far as it is whole, with a finding if that is not all of it. */
export async function readPrefix(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  findings: Finding[],
): Promise<ManifestPrefix> {
  const prefix = await prefixOrDamage(fileSystem, directory, number);
  if (prefix.damage !== undefined) {
    const { offsetBytes, expected, found } = prefix.damage;
    const file = manifestName(number);
    findings.push({ file, kind: 'manifest', offsetBytes, problem: `${found} in place of ${expected}` });
  }
  return prefix;
}

/** A manifest that is missing reads as damaged from its start. */
export async function prefixOrDamage(
  fileSystem: FileSystem,
  directory: string,
  number: number,
): Promise<ManifestPrefix> {
  try {
    return await readManifestPrefix(fileSystem, directory, number);
  } catch (error) {
    if (error instanceof CorruptionError) return { state: undefined, damage: error.damage };
    throw error;
  }
}
