import { beforeEach, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../src/engine/verify/verify-report.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { readFile, writeFile } from '../log/log-bytes.js';
import { draftOf, openJournal } from '../quarantine/journal-rig.js';
import { DIRECTORY, openOn, withDatabase } from '../support/test-database.js';
import { verifyOn } from '../support/verify-database.js';

const ROOT = `${DIRECTORY}/quarantine`;
const LONG = 'Ω'.repeat(200);

let disk: MemoryFileSystem;

/** Twenty entries of a tenant in segments of about five, three of another one, closed. */
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await withDatabase(disk, {}, (db) => db.put('a', '1'));
  const { journal } = await openJournal(disk, { segmentBytesMax: 800, databaseId: 1 });
  for (let i = 0; i < 20; i++) {
    await journal.append(draftOf('a', `payload ${i}`));
    if (i < 3) await journal.append(draftOf(LONG, `payload ${i}`));
    await journal.settle();
  }
  await journal.close();
});

async function problemsOf(): Promise<string[]> {
  return textsOf(await verifyOn(disk));
}

function textsOf({ findings }: VerifyReport): string[] {
  return findings.map(({ file, offsetBytes, problem, kind }) => {
    expect(kind).toBe('quarantine');
    return `${file} ${offsetBytes}: ${problem}`;
  });
}

function flip(path: string, at: number): void {
  const bytes = readFile(disk, path);
  bytes[at] ^= 0x10;
  writeFile(disk, path, bytes);
}

describe('a verification of a quarantine', () => {
  it('finds nothing in a sound one, counts what it has read, and writes nothing', async () => {
    const traced = new TracingFileSystem(disk, DIRECTORY, DURABILITY_KINDS);
    const seen: { bytes: number; totalBytes: number }[] = [];
    const report = await verifyOn(traced, { onProgress: (at) => seen.push(at) });
    expect(report).toMatchObject({ isSound: true, findings: [], notes: [] });
    expect(report.quarantine).toMatchObject({ tenants: 2, entries: 23 });
    expect(report.quarantine.segments).toBeGreaterThan(4);
    expect(report.quarantine.files).toBe(report.quarantine.segments + 3);
    expect(traced.lines.filter((line) => !/^open .* read$/.test(line))).toEqual([]);
    // Of a table the footer is read before the job counts.
    expect((seen.at(-1)?.totalBytes ?? 0) - (seen.at(-1)?.bytes ?? 0)).toBeLessThan(120);
  });

  it('of a database that was killed finds nothing, and counts each entry once', async () => {
    const db = await openOn(disk);
    for (let i = 0; i < 5; i++) await db.quarantine.append(`tenant ${i % 2}`, 'x', { reason: 'test' });
    const killed = [disk.clone(), disk.crashClone(1)];
    await db.quarantine.purge({ tenant: 'a', before: Date.now() });
    killed.push(disk.clone(), disk.crashClone(2));
    await db.quarantine.append('late', 'x', { reason: 'test' });
    killed.push(disk.clone(), disk.crashClone(3));
    await db.close();
    const entries: number[] = [];
    for (const left of killed) {
      const report = await verifyOn(left);
      expect(report).toMatchObject({ isSound: true, findings: [] });
      entries.push(report.quarantine.entries);
    }
    expect(entries).toEqual([28, 28, 8, 8, 9, 9]);
  });

  it('names the file and the place of each damaged byte of a segment', async () => {
    const path = `${ROOT}/a/000002.segment`;
    const good = readFile(disk, path);
    for (let at = 0; at < good.length; at += 23) {
      flip(path, at);
      const report = await verifyOn(disk);
      writeFile(disk, path, good);
      // What stands between two frames belongs to none.
      if (report.isSound) continue;
      expect(report.findings).toHaveLength(1);
      expect(report.findings[0]).toMatchObject({ file: 'quarantine/a/000002.segment', kind: 'quarantine' });
      expect(at - (report.findings[0].offsetBytes ?? 0)).toBeLessThan(250);
    }
    flip(path, 200);
    expect(await problemsOf()).toHaveLength(1);
  });

  it('finds what a manifest says wrongly, what is missing, and a manifest that is damaged', async () => {
    await disk.remove(`${ROOT}/a/000001.segment`);
    expect(await problemsOf()).toEqual([
      expect.stringMatching(
        /^quarantine\/a\/000001\.segment undefined: expected a segment of \d+ entries, found no file$/,
      ),
    ]);
    flip(`${ROOT}/a/MANIFEST`, 300);
    expect(await problemsOf()).toEqual([expect.stringMatching(/^quarantine\/a\/MANIFEST \d+: expected .*, found /)]);
  });

  it('finds a segment that has other entries than its manifest says', async () => {
    const other = new MemoryFileSystem();
    await other.makeDirectory(DIRECTORY);
    const { journal } = await openJournal(other, { segmentBytesMax: 800, databaseId: 1 });
    for (let i = 0; i < 20; i++) {
      await journal.append(draftOf('a', `PAYLOAD ${i}`));
      if (i < 3) await journal.append(draftOf(LONG, `payload ${i}`));
      await journal.settle();
    }
    await journal.close();
    writeFile(disk, `${ROOT}/a/000002.segment`, readFile(other, `${ROOT}/a/000002.segment`));
    expect(await problemsOf()).toEqual([
      expect.stringMatching(/MANIFEST 0: expected the minutes and the filter of 000002\.segment, found others$/),
    ]);
    writeFile(disk, `${ROOT}/a/000002.segment`, readFile(other, `${ROOT}/a/000003.segment`));
    expect((await problemsOf()).length).toBeGreaterThan(0);
  });

  it('finds entries that the intake had', async () => {
    const db = await openOn(disk);
    for (let i = 0; i < 5; i++) await db.quarantine.append('a', 'x', { reason: 'test' });
    disk = disk.clone();
    await db.close();
    const intake = (await disk.list(ROOT)).filter((name) => name.endsWith('.intake')).at(-1);
    flip(`${ROOT}/${intake}`, 4096 + 60);
    expect(await problemsOf()).toEqual([
      `quarantine/${intake} 4096: expected a frame whose checksum holds, found another checksum`,
    ]);
  });

  it('notes what is left over or none of ours, and finds what no tenant can reach', async () => {
    await disk.makeDirectory(`${ROOT}/Not_a_tenant`);
    await disk.makeDirectory(`${ROOT}/b`);
    for (const name of [
      'notes.txt',
      '000009.intake.damaged',
      'DIRECT-PROBE.tmp',
      'a/notes.txt',
      'a/MANIFEST.tmp',
      'b/000001.segment',
    ]) {
      writeFile(disk, `${ROOT}/${name}`, Buffer.alloc(0));
    }
    const report = await verifyOn(disk);
    expect(report.isSound).toBe(true);
    expect(report.notes.map(({ file, problem }) => `${file}: ${problem}`)).toEqual([
      'quarantine/000009.intake.damaged: an intake file that was damaged: what could be read of it is in segments',
      'quarantine/DIRECT-PROBE.tmp: left over: nothing needs it',
      'quarantine/Not_a_tenant: no tenant is called so',
      'quarantine/a/notes.txt: no file of the quarantine',
      'quarantine/a/MANIFEST.tmp: left over: nothing needs it',
      'quarantine/b/000001.segment: a segment that was begun and has no entry',
      'quarantine/notes.txt: no file of the quarantine',
    ]);
    writeFile(disk, `${ROOT}/Not_a_tenant/000001.segment`, readFile(disk, `${ROOT}/a/000001.segment`));
    writeFile(disk, `${ROOT}/b/000001.segment`, readFile(disk, `${ROOT}/a/000001.segment`));
    expect(await problemsOf()).toEqual([
      'quarantine/Not_a_tenant undefined: no tenant is known to be called so: nothing in it is read',
      'quarantine/b/000001.segment undefined: expected segment 1 of this tenant, found a file of another tenant, number or database',
    ]);
  });
});
