import { journalFileNumbers, QUARANTINE_DIRECTORY, TENANT_MANIFEST_NAME } from './journal-files.js';
import { tenantOfDirectoryName } from './tenant-directory.js';

/**
 * Whether `path`, with slashes, names a file that a quarantine needs, from the directory of its database on: `quarantine/000001.intake`,
 * `quarantine/acme/000001.segment` or `quarantine/acme/MANIFEST`, to the letter. None leads anywhere else.
 */
export function isQuarantinePath(path: string): boolean {
  const [root, ...rest] = path.split('/');
  if (root !== QUARANTINE_DIRECTORY || rest.length === 0 || rest.length > 2) return false;
  if (rest.length === 1) return journalFileNumbers(rest, 'intake').length > 0;
  const [tenant, name] = rest;
  const isTenantFile = name === TENANT_MANIFEST_NAME || journalFileNumbers([name], 'segment').length > 0;
  return isTenantFile && tenantOfDirectoryName(tenant).kind !== 'foreign';
}
