import { join } from 'node:path';
import type { FileSystem } from '../fs/file-system.js';
import { journalFileNumbers, journalSegmentName, TENANT_MANIFEST_NAME } from './journal-files.js';
import { readOwnHeader } from './journal-id.js';
import { tenantDirectoryName, tenantOfDirectoryName } from './tenant-directory.js';

/**
 * The tenants that have a directory in `directory`, that of the quarantine, by name. One whose id is too long to be a name is found
 * by what is written in its files. Errors: STEME_IO, STEME_UNSUPPORTED.
 */
export async function listTenants(fileSystem: FileSystem, directory: string): Promise<string[]> {
  const tenants: string[] = [];
  for (const name of await fileSystem.list(directory)) {
    const tenant = await tenantOfDirectory(fileSystem, directory, name);
    if (tenant !== undefined) tenants.push(tenant);
  }
  return tenants.sort();
}

/** Whose directory `name` in `directory` is; undefined where it is nobody's, or where nothing in it says whose. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function tenantOfDirectory(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): Promise<string | undefined> {
  const found = tenantOfDirectoryName(name);
  if (found.kind === 'tenant') return found.tenant;
  return found.kind === 'hashed' ? tenantOfFiles(fileSystem, join(directory, name), name) : undefined;
}

async function tenantOfFiles(fileSystem: FileSystem, directory: string, name: string): Promise<string | undefined> {
  const names = await fileSystem.list(directory);
  const segments = journalFileNumbers(names, 'segment').map(journalSegmentName);
  const manifest = names.includes(TENANT_MANIFEST_NAME) ? [TENANT_MANIFEST_NAME] : [];
  for (const file of [...manifest, ...segments]) {
    const header = await readOwnHeader(fileSystem, join(directory, file));
    if (header !== undefined && tenantDirectoryName(header.tenant) === name) return header.tenant;
  }
  return undefined;
}
