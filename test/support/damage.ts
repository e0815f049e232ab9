/** Does to a database what a damage plan says, on any file system. Nobody may have it open. */
import { join } from 'node:path';
import { parseFileName } from '../../src/base/file-names.js';
import { Prng } from '../../src/base/prng.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { type DamageableFile, FILE_KINDS, type FileKind, type Harm } from './damage-plan.js';
import { tableRegions } from './table-regions.js';

/** Whole files by the name of the file that they take the place of. */
export type OtherDatabase = (file: string) => Promise<Uint8Array>;

/** The files in `directory` that can be damaged, sorted by name. */
export async function damageableFiles(fileSystem: FileSystem, directory: string): Promise<DamageableFile[]> {
  const found: DamageableFile[] = [];
  for (const name of await fileSystem.list(directory)) {
    const kind = fileKindOf(name);
    if (kind === undefined) continue;
    const path = join(directory, name);
    const sizeBytes = (await fileSystem.statBytes(path)) ?? 0;
    const file = parseFileName(name);
    const regions = file?.kind === 'table' ? await tableRegions(fileSystem, path, file.number) : [];
    found.push({ name, kind, sizeBytes, blocks: regions.filter((region) => region.name === 'data block') });
  }
  return found;
}

export function fileKindOf(name: string): FileKind | undefined {
  const kind = parseFileName(name)?.kind;
  return FILE_KINDS.find((known) => known === kind);
}

export async function applyHarm(
  fileSystem: FileSystem,
  directory: string,
  harm: Harm,
  otherDatabase: OtherDatabase,
): Promise<void> {
  const path = join(directory, harm.file);
  if (harm.kind === 'missing') return fileSystem.remove(path);
  const before = await readWholeFile(fileSystem, path);
  const after = harm.kind === 'of another database' ? await otherDatabase(harm.file) : damaged(before, harm);
  // A new file in place of the old one: whoever has a second name for that, a checkpoint say, keeps it whole.
  await fileSystem.remove(path);
  const handle = await fileSystem.open(path, 'create');
  if (after.length > 0) await handle.write(after, 0);
  await handle.datasync();
  await handle.close();
}

function damaged(
  before: Uint8Array,
  harm: Exclude<Harm, { readonly kind: 'missing' | 'of another database' }>,
): Uint8Array {
  switch (harm.kind) {
    case 'bit flip': {
      const after = before.slice();
      after[harm.offsetBytes] ^= 1 << harm.bit;
      return after;
    }
    case 'truncation':
      return before.slice(0, harm.sizeBytes);
    case 'zeroed page':
      return before.slice().fill(0, harm.offsetBytes, harm.offsetBytes + harm.lengthBytes);
    case 'swapped blocks': {
      const firstEnd = harm.first.offsetBytes + harm.first.lengthBytes;
      const secondEnd = harm.second.offsetBytes + harm.second.lengthBytes;
      return Buffer.concat([
        before.subarray(0, harm.first.offsetBytes),
        before.subarray(harm.second.offsetBytes, secondEnd),
        before.subarray(firstEnd, harm.second.offsetBytes),
        before.subarray(harm.first.offsetBytes, firstEnd),
        before.subarray(secondEnd),
      ]);
    }
    case 'extended':
      return Buffer.concat([before, new Prng(harm.seed).fill(new Uint8Array(harm.lengthBytes))]);
    case 'emptied':
      return new Uint8Array(0);
  }
}

export async function readWholeFile(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(await handle.sizeBytes());
    await handle.read(bytes, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}

const OTHER_DIRECTORY = '/other';

/** Files of a small database that has nothing to do with the damaged one: one of each kind, whatever the name asked for. */
export async function smallOtherDatabase(seed: number): Promise<OtherDatabase> {
  const disk = new MemoryFileSystem();
  const environment = testEnvironment(disk, { randomUint32: () => seed >>> 0 });
  const options = { walSync: 'fdatasync', blobThreshold: 1000 } as const;
  const db = await openWith(OTHER_DIRECTORY, options, environment);
  for (let i = 0; i < 50; i++) await db.put(`other ${i}`, `other ${seed} `.repeat(i % 10 === 0 ? 200 : 1));
  await db.flush();
  await db.put('in the log', `${seed}`);
  await db.close();
  const files = await damageableFiles(disk, OTHER_DIRECTORY);
  return async (name) => {
    const kind = fileKindOf(name) === 'recycled' ? 'log' : fileKindOf(name);
    const file = files.findLast((candidate) => candidate.kind === kind);
    if (file === undefined) throw new Error(`the other database has no ${kind}`);
    return readWholeFile(disk, join(OTHER_DIRECTORY, file.name));
  };
}
