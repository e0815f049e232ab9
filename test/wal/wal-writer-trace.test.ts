import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { WAL_DIRECTORY, WalRig } from '../support/wal-rig.js';

async function tracedRig(syncMode: 'fdatasync' | 'direct') {
  const tracing = new TracingFileSystem(new MemoryFileSystem(), WAL_DIRECTORY, DURABILITY_KINDS);
  const rig = await WalRig.create(tracing, { syncMode, initialBytes: 8192 });
  await rig.put('first');
  return { tracing, rig };
}

/** What reached the disk, with the moment of the acknowledgement among it. */
async function traceOf(tracing: TracingFileSystem, write: () => Promise<unknown>): Promise<string[]> {
  tracing.takeLines();
  await write();
  return [...tracing.takeLines(), 'ack'];
}

// law 1
describe('the order of write, sync and acknowledgement', () => {
  it('is one write and one datasync', async () => {
    const { tracing, rig } = await tracedRig('fdatasync');
    expect(await traceOf(tracing, () => rig.put('a'))).toEqual([
      'write 000001.log 128+48',
      'datasync 000001.log',
      'ack',
    ]);
  });

  it('is one write that does both in direct mode', async () => {
    const { tracing, rig } = await tracedRig('direct');
    expect(await traceOf(tracing, () => rig.put('a'))).toEqual(['write 000001.log 8192+4096', 'ack']);
  });

  it('is one write alone where no sync was asked for', async () => {
    const { tracing, rig } = await tracedRig('direct');
    expect(await traceOf(tracing, () => rig.put('a', 0, false))).toEqual(['write 000001.log 8192+4096', 'ack']);
  });

  it('syncs what the page cache holds before it goes back to direct writes', async () => {
    const { tracing, rig } = await tracedRig('direct');
    await rig.put('cached', 0, false);
    expect(await traceOf(tracing, () => rig.put('a'))).toEqual([
      'write 000001.log 12288+4096',
      'datasync 000001.log',
      'ack',
    ]);
    expect(await traceOf(tracing, () => rig.put('b'))).toEqual(['write 000001.log 16384+4096', 'ack']);
  });

  it('makes a new segment durable in name and space before it is written, and syncs the one before', async () => {
    const { tracing, rig } = await tracedRig('fdatasync');
    await rig.put('unsynced', 0, false);
    const rotateAndPut = () => Promise.all([rig.wal.rotate(), rig.put('a')]);
    expect(await traceOf(tracing, rotateAndPut)).toEqual([
      'open 000002.log create',
      'write 000002.log 0+8192',
      'datasync 000002.log',
      'sync-directory .',
      'open 000002.log update',
      'write 000002.log 0+80',
      'datasync 000001.log',
      'write 000002.log 80+48',
      'datasync 000002.log',
      'ack',
    ]);
  });

  it('opens both doors of a new segment in direct mode', async () => {
    const { tracing, rig } = await tracedRig('direct');
    const rotateAndPut = () => Promise.all([rig.wal.rotate(), rig.put('a')]);
    expect(await traceOf(tracing, rotateAndPut)).toEqual([
      'open 000002.log create',
      'write 000002.log 0+8192',
      'datasync 000002.log',
      'sync-directory .',
      'open 000002.log update',
      'open 000002.log direct',
      'write 000002.log 0+4096',
      'write 000002.log 4096+4096',
      'ack',
    ]);
  });
});
