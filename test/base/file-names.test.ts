import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CURRENT_NAME,
  CURRENT_TMP_NAME,
  LOCK_NAME,
  logName,
  manifestName,
  parseFileName,
  recycledName,
  tableName,
} from '../../src/base/file-names.js';

const NAMES = { manifest: manifestName, log: logName, table: tableName, recycled: recycledName } as const;
const KINDS = ['manifest', 'log', 'table', 'recycled'] as const;

describe('the names of database files', () => {
  it('are those of the format', () => {
    expect(KINDS.map((kind) => NAMES[kind](7))).toEqual([
      'MANIFEST-000007',
      '000007.log',
      '000007.sst',
      '000007.recycled',
    ]);
    expect(logName(1_234_567)).toBe('1234567.log');
  });

  it('say what they are, for every number', () => {
    const numbers = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 999_999, 1_000_000, Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), numbers, (kind, number) => {
        expect(parseFileName(NAMES[kind](number))).toEqual({ kind, number });
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('of the three single files are known', () => {
    expect(parseFileName(CURRENT_NAME)).toEqual({ kind: 'current' });
    expect(parseFileName(CURRENT_TMP_NAME)).toEqual({ kind: 'current-tmp' });
    expect(parseFileName(LOCK_NAME)).toEqual({ kind: 'lock' });
  });

  it('order as their numbers do, up to a million', () => {
    const numbers = [1, 9, 10, 99, 100, 99_999, 100_000, 999_999];
    expect(numbers.map(logName).sort()).toEqual(numbers.map(logName));
  });

  it.each([
    '',
    '.',
    '..',
    'current',
    'CURRENT.bak',
    'LOCK ',
    'MANIFEST-',
    'MANIFEST-00001',
    'MANIFEST-000001.tmp',
    'manifest-000001',
    '00001.log',
    '0000001.log',
    '9999999999999999.sst',
    '000001.LOG',
    '000001.log.tmp',
    '000001.sst\n',
    'x000001.sst',
    '-00001.sst',
    '00000a.sst',
    '1e0001.sst',
    '00000000000000001.sst',
    '000001.sst/',
    '../000001.sst',
    'rejected.ndjson',
  ])('do not include %j', (name) => {
    expect(parseFileName(name)).toBeUndefined();
  });
});
