/**
 * The name of a tenant's directory below `quarantine/`. Ids are arbitrary strings; names are made of `a-z`, `0-9`, `_`, `-` and `%`,
 * so that no file system can take two of them for one (letter case, Unicode forms, trailing dots) or read a path into one:
 *
 *     byte of the id, in UTF-8        in the name
 *     a-z 0-9 _ -                     itself
 *     any other                       % and two lower-case hexadecimal digits
 *
 *     the empty id                    %
 *     con, nul, com1, …               the first byte is escaped too: %63on
 *     a name of more than 120 bytes   %% and the SHA-256 of the id, in hexadecimal
 *
 * Every name but the last kind can be read back, which makes the encoding injective; two ids of the last kind would need the same
 * SHA-256. What such a name stands for is written in each file below it.
 */
import { createHash } from 'node:crypto';
import { StemeError } from '../base/errors.js';
import { TENANT_BYTES_MAX } from '../base/limits.js';

const NAME_BYTES_MAX = 120;
const UTF8_BYTES_PER_UNIT_MAX = 3;
const EMPTY_NAME = '%';
const HASHED_NAME = /^%%[0-9a-f]{64}$/;
const PLAIN_NAME = /^(?:[a-z0-9_-]|%[0-9a-f]{2})+$/;
const ESCAPE = /%([0-9a-f]{2})/g;
/** Names that Windows keeps for devices. Those with other characters than letters and digits are escaped anyway. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** Errors: STEME_INVALID_TENANT for what is no string, is longer than TENANT_BYTES_MAX in UTF-8, or has half of a surrogate pair. */
export function tenantBytes(tenant: string): Buffer {
  if (typeof tenant !== 'string') throw invalidTenant(`a tenant is a string, got ${typeof tenant}`);
  const bytes = Buffer.from(tenant, 'utf8');
  if (bytes.length > TENANT_BYTES_MAX) {
    throw invalidTenant(`a tenant has at most ${TENANT_BYTES_MAX} bytes in UTF-8, got ${bytes.length}`);
  }
  // UTF-8 has no form for it: several ids would become one.
  if (bytes.toString('utf8') !== tenant) throw invalidTenant('a tenant has half of a surrogate pair');
  return bytes;
}

/** Errors: as of `tenantBytes`. */
export function checkTenant(tenant: string): void {
  if (!isTenant(tenant)) tenantBytes(tenant);
}

/** Whether a tenant can be called so. */
export function isTenant(text: unknown): text is string {
  if (typeof text !== 'string' || !text.isWellFormed()) return false;
  const isShort = text.length <= TENANT_BYTES_MAX / UTF8_BYTES_PER_UNIT_MAX;
  return isShort || Buffer.byteLength(text, 'utf8') <= TENANT_BYTES_MAX;
}

/** Errors: as of `tenantBytes`. */
export function tenantDirectoryName(tenant: string): string {
  const bytes = tenantBytes(tenant);
  if (bytes.length === 0) return EMPTY_NAME;
  let name = '';
  for (const byte of bytes) name += isPlain(byte) ? String.fromCharCode(byte) : escaped(byte);
  if (DEVICE_NAME.test(name)) return escaped(bytes[0]) + name.slice(1);
  if (name.length <= NAME_BYTES_MAX) return name;
  return `%%${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What a name in `quarantine/` is: the directory of a tenant, of one whose id stands in its files only, or none of ours. */
export type TenantOfName =
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'hashed' }
  | { readonly kind: 'foreign' };

export function tenantOfDirectoryName(name: string): TenantOfName {
  if (HASHED_NAME.test(name)) return { kind: 'hashed' };
  const tenant = name === EMPTY_NAME ? '' : decodePlain(name);
  if (tenant === undefined) return { kind: 'foreign' };
  return { kind: 'tenant', tenant };
}

/** Each id has one name, to the letter: another spelling of it is not ours. */
function decodePlain(name: string): string | undefined {
  if (!PLAIN_NAME.test(name)) return undefined;
  const latin1 = name.replace(ESCAPE, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  const bytes = Buffer.from(latin1, 'latin1');
  const tenant = bytes.toString('utf8');
  const isOurs =
    bytes.length <= TENANT_BYTES_MAX && bytes.equals(Buffer.from(tenant)) && tenantDirectoryName(tenant) === name;
  return isOurs ? tenant : undefined;
}

function isPlain(byte: number): boolean {
  const isLetter = byte >= 0x61 && byte <= 0x7a;
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isLetter || isDigit || byte === 0x5f || byte === 0x2d;
}

function escaped(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0')}`;
}

function invalidTenant(message: string): StemeError {
  return new StemeError('STEME_INVALID_TENANT', message);
}
