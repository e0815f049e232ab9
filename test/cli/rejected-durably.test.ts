import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import type { OpenDatabase } from '../../src/cli/cli-environment.js';
import { MemoryFileSystem, openForTest } from '../../src/testing.js';
import { steme } from './cli-harness.js';

const LINES = 1000;
/** None of them is JSON, but for one in ten. */
const input = Array.from({ length: LINES }, (_, i) =>
  i % 10 === 0 ? `${i}\n` : `line ${i} ${'x'.repeat(400)}\n`,
).join('');
const rejectedLines = Array.from({ length: LINES }, (_, i) => i + 1).filter((line) => line % 10 !== 1);
const argv = ['ingest', '-', '--db', '/db', '--source', 's', '--format', 'ndjson', '--json'];

async function newDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory('/db');
  await disk.syncDirectory('/');
  return disk;
}

function openOn(disk: MemoryFileSystem): OpenDatabase {
  return (directory, options) => openForTest(disk, directory, options);
}

/** In the order of the lines; one that is there twice is there twice here. */
async function rejectedOn(disk: MemoryFileSystem): Promise<(number | undefined)[]> {
  await using database = await openForTest(disk, '/db', { readOnly: true });
  const lines: (number | undefined)[] = [];
  for await (const { position } of database.quarantine.list()) lines.push(position);
  return lines.sort((a, b) => (a ?? 0) - (b ?? 0));
}

// law 1
describe('what an ingest says that it rejected', () => {
  it.each(['', '--no-sync'])('is durable once it says so %s', async (flag) => {
    const disk = await newDisk();
    const crashed: MemoryFileSystem[] = [];
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        for (let seed = 1; seed <= 5; seed++) crashed.push(disk.crashClone(seed));
        done();
      },
    });
    const extra = flag === '' ? [] : [flag];
    // Nothing is stored: then no flush gives the quarantine time.
    const onlyBad = input.replaceAll(/^\d+$/gm, '');
    const { exitCode } = await steme([...argv, ...extra], { input: onlyBad, stdout, openDatabase: openOn(disk) });
    expect(exitCode).toBe(0);
    expect(crashed).toHaveLength(5);
    for (const each of crashed) expect(await rejectedOn(each)).toEqual(rejectedLines);
  });

  it('is there once after a disk was full, and the ingest run again', async () => {
    const disk = await newDisk();
    await (await openForTest(disk, '/db')).close();
    disk.capacityBytes = 4 * MIB;
    await fill(disk, 200_000);
    const failed = await steme(argv, { input, openDatabase: openOn(disk) });
    expect(failed.exitCode).toBe(1);
    expect(JSON.parse(failed.stderr).error.hint).toBe('free some space and run the same command again');
    disk.capacityBytes = undefined;
    const { exitCode, stdout } = await steme(argv, { input, openDatabase: openOn(disk) });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rejectedRecords: rejectedLines.length });
    expect(await rejectedOn(disk)).toEqual(rejectedLines);
  });
});

/** Leaves so much room on the disk. */
async function fill(disk: MemoryFileSystem, roomBytes: number): Promise<void> {
  const handle = await disk.open('/filler', 'create');
  await handle.write(new Uint8Array(((await disk.freeBytes()) ?? 0) - roomBytes), 0);
  await handle.close();
}
