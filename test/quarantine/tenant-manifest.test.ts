import { describe, expect, it } from 'vitest';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { type SegmentSummary, SummaryBuilder, summedEntry } from '../../src/quarantine/segment-summary.js';
import { TenantManifest } from '../../src/quarantine/tenant-manifest.js';
import { memoryWith } from '../log/log-bytes.js';
import { DATABASE_ID, draftOf, START_MS } from './journal-rig.js';

const PATH = '/db/MANIFEST';

function summaryOf(number: number): SegmentSummary {
  const builder = new SummaryBuilder();
  builder.add(summedEntry({ ...draftOf('a', `${number}`), number }));
  return builder.finish(number, 1000);
}

function load(fileSystem: MemoryFileSystem): Promise<TenantManifest> {
  const place = { fileSystem, directory: '/db', databaseId: DATABASE_ID, tenant: 'a', nowMs: () => START_MS };
  return TenantManifest.load(place);
}

async function zero(fileSystem: MemoryFileSystem, start: number, end: number): Promise<void> {
  const handle = await fileSystem.open(PATH, 'update');
  await handle.write(new Uint8Array(end - start), start);
  await handle.close();
}

async function sizeOf(fileSystem: MemoryFileSystem): Promise<number> {
  return (await fileSystem.statBytes(PATH)) ?? 0;
}

describe('the manifest of a tenant', () => {
  it('is torn, not damaged, where a crash kept the later one of two records that were written together', async () => {
    const disk = await memoryWith({});
    const manifest = await load(disk);
    await manifest.addSealed([summaryOf(1)]);
    const start = await sizeOf(disk);
    await manifest.addSealed([summaryOf(2), summaryOf(3)]);
    await zero(disk, start, start + 50);
    const torn = await load(disk);
    expect(torn.damage).toBeUndefined();
    expect([...torn.summaries.keys()]).toEqual([1]);
    await torn.addSealed([summaryOf(2)]);
    expect([...(await load(disk)).summaries.keys()]).toEqual([1, 2]);
  });

  it('is damaged where a record is gone that was durable when a later one was written', async () => {
    const disk = await memoryWith({});
    const manifest = await load(disk);
    await manifest.addSealed([summaryOf(1)]);
    const start = await sizeOf(disk);
    await manifest.addSealed([summaryOf(2)]);
    await manifest.addSealed([summaryOf(3)]);
    await zero(disk, start, start + 50);
    const damaged = await load(disk);
    expect(damaged.damage?.message).toMatch(/MANIFEST is damaged at byte \d+/);
    expect([...damaged.summaries.keys()]).toEqual([1, 3]);
  });
});
