import { describe, expect, it } from 'vitest';
import { obsoleteFiles } from '../../src/version/obsolete-files.js';

const NOTHING_NEEDED = {
  tableNumbers: new Set<number>(),
  manifestNumbers: new Set<number>(),
  logNumber: 10,
  logNumbers: new Set<number>(),
  pendingNumbers: new Set<number>(),
};

describe('obsolete files', () => {
  it('are tables that no version has and no job is writing', () => {
    const names = ['000001.sst', '000002.sst', '000003.sst'];
    const needed = { ...NOTHING_NEEDED, tableNumbers: new Set([1]), pendingNumbers: new Set([3]) };
    expect(obsoleteFiles(names, needed)).toEqual(['000002.sst']);
  });

  it('are segments below the log number that nobody uses', () => {
    const names = ['000008.log', '000009.log', '000010.log', '000011.log'];
    expect(obsoleteFiles(names, { ...NOTHING_NEEDED, logNumbers: new Set([9]) })).toEqual(['000008.log']);
  });

  it('are manifests that are not live', () => {
    const names = ['MANIFEST-000004', 'MANIFEST-000005'];
    expect(obsoleteFiles(names, { ...NOTHING_NEEDED, manifestNumbers: new Set([5]) })).toEqual(['MANIFEST-000004']);
  });

  it('are never CURRENT, its successor, the LOCK or a recycled segment', () => {
    expect(obsoleteFiles(['CURRENT', 'CURRENT.tmp', 'LOCK', '000001.recycled'], NOTHING_NEEDED)).toEqual([]);
  });

  it('are never files with names that are not ours', () => {
    const names = [
      'notes.txt',
      '000001.sst.bak',
      'x000001.sst',
      '1.sst',
      '0000001.sst',
      '000001.SST',
      'MANIFEST-1',
      'MANIFEST-0000001',
      '0000001.log',
      '9999999999999999.sst',
      'rejected.ndjson',
    ];
    expect(obsoleteFiles(names, NOTHING_NEEDED)).toEqual([]);
  });
});
