import { describe, expect, it } from 'vitest';
import { isSystemKey, SYSTEM_KEYS_START } from '../../../src/base/system-key.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { code, entriesOf, withDatabase } from '../../support/test-database.js';

const BELOW = Buffer.alloc(15, 0xff);
const reserved = [Buffer.alloc(16, 0xff), Buffer.alloc(40, 0xff), Buffer.concat([SYSTEM_KEYS_START, Buffer.from('x')])];

describe('keys of the engine itself', () => {
  it('start with sixteen bytes of 0xff', () => {
    expect(isSystemKey(BELOW)).toBe(false);
    expect(isSystemKey(Buffer.concat([BELOW, Buffer.from([0xfe, 0xff])]))).toBe(false);
    for (const key of reserved) expect(isSystemKey(key)).toBe(true);
  });

  it('cannot be used by users', async () => {
    await withDatabase(new MemoryFileSystem(), {}, async (db) => {
      for (const key of reserved) {
        await expect(db.put(key, 'x')).rejects.toEqual(code('STEME_INVALID_KEY'));
        await expect(db.get(key)).rejects.toEqual(code('STEME_INVALID_KEY'));
        await expect(db.batch([{ type: 'del', key }])).rejects.toEqual(code('STEME_INVALID_KEY'));
      }
      await db.put(BELOW, 'mine');
      expect((await db.get(BELOW))?.toString()).toBe('mine');
    });
  });

  it('are in no scan, and no range delete takes them', async () => {
    await withDatabase(new MemoryFileSystem(), {}, async (db) => {
      await db.put('a', '1');
      await db.put(BELOW, '2');
      await db.quarantine.append('t', 'x', { reason: 'r' });
      await db.quarantine.replay({}, () => ({ type: 'put', key: 'b', value: 'from the quarantine' }), {
        concurrency: 1,
      });
      expect((await entriesOf(db)).map(([, value]) => value)).toEqual(['1', 'from the quarantine', '2']);
      expect((await entriesOf(db, { reverse: true })).map(([, value]) => value)).toEqual([
        '2',
        'from the quarantine',
        '1',
      ]);
      const above = Buffer.alloc(30, 0xff);
      expect(await entriesOf(db, { gte: SYSTEM_KEYS_START, lte: above })).toEqual([]);
      const iterator = db.iterator({ reverse: true });
      iterator.seek(above);
      expect((await iterator.next()).value?.[1].toString()).toBe('2');
      await iterator.close();
      await db.deleteRange('', above);
      expect(await entriesOf(db)).toEqual([]);
      let seen = 0;
      await db.quarantine.replay({}, () => void seen++);
      expect(seen).toBe(0);
    });
  });
});
