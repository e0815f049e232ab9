import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { TENANT_BYTES_MAX } from '../../src/base/limits.js';
import { tenantDirectoryName, tenantOfDirectoryName } from '../../src/quarantine/tenant-directory.js';
import { fuzzRuns } from '../support/fuzz.js';

const SAFE_NAME = /^[a-z0-9_%-]{1,120}$/;
/** What a file system may take for the same name. */
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();

const awkward = fc.constantFrom(
  '',
  '.',
  '..',
  '/',
  '\\',
  '\0',
  'a',
  'A',
  'con',
  'CON',
  'con.',
  'nul',
  'COM1',
  '%',
  '%%',
  '%63on',
  'é',
  'e\u0301',
  'ﬁ',
  'fi',
  'ſ',
  'K',
  ' ',
  ':',
  'ａ',
  '😀',
);
const tenants = fc.oneof(
  fc.array(awkward, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 200 }),
);

describe('the directory of a tenant', () => {
  it.each([
    ['acme', 'acme'],
    ['acme-2_eu', 'acme-2_eu'],
    ['', '%'],
    ['.', '%2e'],
    ['..', '%2e%2e'],
    ['../../etc', '%2e%2e%2f%2e%2e%2fetc'],
    ['ACME', '%41%43%4d%45'],
    ['a\\b\0c', 'a%5cb%00c'],
    ['100%', '100%25'],
    ['é', '%c3%a9'],
    ['con', '%63on'],
    ['lpt9', '%6cpt9'],
    ['con.txt', 'con%2etxt'],
    ['console', 'console'],
  ])('of %j is %s', (tenant, name) => {
    expect(tenantDirectoryName(tenant)).toBe(name);
    expect(tenantOfDirectoryName(name)).toEqual({ kind: 'tenant', tenant });
  });

  it('has a hash for a name where the id is long', () => {
    const name = tenantDirectoryName('x'.repeat(121));
    expect(name).toMatch(/^%%[0-9a-f]{64}$/);
    expect(tenantOfDirectoryName(name)).toEqual({ kind: 'hashed' });
    expect(tenantDirectoryName(`${'x'.repeat(120)}y`)).not.toBe(name);
    expect(tenantDirectoryName('x'.repeat(120))).toBe('x'.repeat(120));
  });

  it('is safe on any file system, and different for different ids', () => {
    fc.assert(
      fc.property(tenants, tenants, (a, b) => {
        const [nameA, nameB] = [tenantDirectoryName(a), tenantDirectoryName(b)];
        expect(nameA).toMatch(SAFE_NAME);
        expect(folded(nameA) === folded(nameB)).toBe(a === b);
        const read = tenantOfDirectoryName(nameA);
        expect(read.kind === 'hashed' || (read.kind === 'tenant' && read.tenant === a)).toBe(true);
      }),
      fuzzRuns(2000),
    );
  });

  it('is the only spelling of its id', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z%0-9A-F.]{1,20}$/)), (name) => {
        const read = tenantOfDirectoryName(name);
        if (read.kind === 'tenant') expect(tenantDirectoryName(read.tenant)).toBe(name);
      }),
      fuzzRuns(2000),
    );
  });

  it.each([
    '',
    '000001.intake',
    'A',
    '%2E',
    '%6',
    '%61',
    'con',
    '%%',
    `%%${'0'.repeat(63)}`,
    'a/b',
    'x'.repeat(121),
    '%ff',
  ])('is not %j', (name) => {
    expect(tenantOfDirectoryName(name)).toEqual({ kind: 'foreign' });
  });

  it.each([
    ['half of a pair', 'a\ud83d', /half of a surrogate pair/],
    ['too many bytes', 'é'.repeat(TENANT_BYTES_MAX / 2 + 1), /at most 1024 bytes in UTF-8, got 1026/],
    ['another type', 7 as unknown as string, /a tenant is a string, got number/],
  ])('is refused for %s', (_name, tenant, message) => {
    expect(() => tenantDirectoryName(tenant)).toThrow(StemeError);
    expect(() => tenantDirectoryName(tenant)).toThrow(message);
  });
});
