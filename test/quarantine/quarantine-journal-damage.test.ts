import { describe, expect, it } from 'vitest';
import type { CorruptionError } from '../../src/base/errors.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { findJournalId } from '../../src/quarantine/journal-id.js';
import type { QuarantineJournal } from '../../src/quarantine/quarantine-journal.js';
import { memoryWith, readFile, writeFile } from '../log/log-bytes.js';
import { DATABASE_ID, draftOf, openJournal, payloadsOf } from './journal-rig.js';

const EVERYTHING = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };

/** Twenty entries of one tenant in segments of about five, closed. */
async function closedJournal(): Promise<MemoryFileSystem> {
  const fileSystem = await memoryWith({});
  const { journal } = await openJournal(fileSystem, { segmentBytesMax: 800 });
  for (let i = 0; i < 20; i++) {
    await journal.append(draftOf('a', `payload ${i}`));
    await journal.settle();
  }
  await journal.close();
  return fileSystem;
}

async function readAll(journal: QuarantineJournal): Promise<{ payloads: string[]; damages: CorruptionError[] }> {
  const payloads: string[] = [];
  const damages: CorruptionError[] = [];
  for await (const event of journal.read('a', EVERYTHING)) {
    if (event.kind === 'entry') payloads.push(Buffer.from(event.entry.payload).toString());
    else damages.push(event.error);
  }
  return { payloads, damages };
}

const ALL_PAYLOADS = Array.from({ length: 20 }, (_, i) => `payload ${i}`);

describe('a damaged quarantine journal', () => {
  it('names the file and the place, and hands out all the rest', async () => {
    const fileSystem = await closedJournal();
    const path = '/db/quarantine/a/000002.segment';
    const good = readFile(fileSystem, path);
    for (let at = 0; at < good.length; at += 7) {
      const bytes = Buffer.from(good);
      bytes[at] ^= 0x10;
      writeFile(fileSystem, path, bytes);
      const { journal } = await openJournal(fileSystem);
      const { payloads, damages } = await readAll(journal);
      await journal.close();
      // A header, or the zeros between two frames, takes no entry with it.
      expect(payloads.length).toBeGreaterThanOrEqual(19);
      expect(ALL_PAYLOADS.filter((payload) => payloads.includes(payload))).toEqual(payloads);
      if (payloads.length < 20) expect(damages).toHaveLength(1);
      for (const { damage } of damages) expect(damage).toMatchObject({ file: path });
    }
  });

  it('in the segment that is still written names the place as well, and hands out all the rest', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem);
    for (let i = 0; i < 20; i++) await first.journal.append(draftOf('a', `payload ${i}`));
    await first.journal.close();
    const path = '/db/quarantine/a/000001.segment';
    const good = readFile(fileSystem, path);
    let lossCount = 0;
    for (let at = 0; at < good.length; at += 13) {
      const bytes = Buffer.from(good);
      bytes[at] ^= 0x10;
      writeFile(fileSystem, path, bytes);
      const { journal } = await openJournal(fileSystem.clone());
      const { payloads } = await readAll(journal);
      const damages = await journal.damagesOf('a');
      expect(payloads.length).toBeGreaterThanOrEqual(19);
      expect(ALL_PAYLOADS.filter((payload) => payloads.includes(payload))).toEqual(payloads);
      if (payloads.length < 20) lossCount++;
      if (payloads.length < 20) expect(damages.map(({ damage }) => damage.file)).toEqual([path]);
      await journal.append(draftOf('a', 'next'));
      await journal.settle();
      expect(await journal.damagesOf('a')).toEqual(damages);
      await journal.close();
    }
    expect(lossCount).toBeGreaterThan(20);
  });

  it('cut short is known to have had more', async () => {
    const fileSystem = await closedJournal();
    const path = '/db/quarantine/a/000001.segment';
    writeFile(fileSystem, path, readFile(fileSystem, path).subarray(0, -50));
    const { journal } = await openJournal(fileSystem);
    const { payloads, damages } = await readAll(journal);
    expect(payloads).toHaveLength(19);
    expect(damages.map(({ message }) => message)).toEqual([expect.stringMatching(/000001\.segment.*their end/)]);
    await journal.close();
  });

  it('makes its manifest again, whatever became of it', async () => {
    const path = '/db/quarantine/a/MANIFEST';
    const good = readFile(await closedJournal(), path);
    const harms: (Buffer | undefined)[] = [undefined, Buffer.alloc(0), Buffer.from('garbage'), good.subarray(0, 150)];
    for (let at = 0; at < good.length; at += 31) {
      const bytes = Buffer.from(good);
      bytes[at] ^= 0x10;
      harms.push(bytes);
    }
    for (const harm of harms) {
      const fileSystem = await closedJournal();
      if (harm === undefined) await fileSystem.remove(path);
      else writeFile(fileSystem, path, harm);
      for (let life = 0; life < 2; life++) {
        const { journal } = await openJournal(fileSystem);
        expect(await payloadsOf(journal, 'a')).toEqual(ALL_PAYLOADS);
        expect(await payloadsOf(journal, 'a', { id: 'id of payload 3' })).toEqual(['payload 3']);
        await journal.close();
      }
      const { journal } = await openJournal(fileSystem);
      const before = journal.segmentOpens;
      expect(await payloadsOf(journal, 'a', { id: 'nowhere' })).toEqual([]);
      expect(journal.segmentOpens).toBe(before);
      await journal.close();
    }
  });

  it('says which segment is missing', async () => {
    const fileSystem = await closedJournal();
    await fileSystem.remove('/db/quarantine/a/000002.segment');
    const { journal } = await openJournal(fileSystem);
    const { payloads } = await readAll(journal);
    expect(payloads.length).toBeLessThan(20);
    expect((await journal.damagesOf('a')).map(({ message }) => message)).toEqual([
      expect.stringMatching(/000002\.segment.*expected a segment of the quarantine, found no file/),
    ]);
    await journal.close();
  });

  it('does not take the files of another tenant, or of another database, for its own', async () => {
    const fileSystem = await closedJournal();
    const stranger = readFile(fileSystem, '/db/quarantine/a/000001.segment');
    await fileSystem.makeDirectory('/db/quarantine/b');
    writeFile(fileSystem, '/db/quarantine/b/000001.segment', stranger);
    const { journal } = await openJournal(fileSystem);
    expect(await payloadsOf(journal, 'b')).toEqual([]);
    expect(readFile(fileSystem, '/db/quarantine/b/000001.segment').equals(stranger)).toBe(true);
    await journal.close();
    const other = await openJournal(fileSystem, { databaseId: 1 });
    expect(await payloadsOf(other.journal, 'a')).toEqual([]);
    await other.journal.close();
  });

  it('with the intake lost goes on behind the numbers of its segments', async () => {
    const fileSystem = await closedJournal();
    for (const name of await fileSystem.list('/db/quarantine')) {
      if (name.endsWith('.intake')) await fileSystem.remove(`/db/quarantine/${name}`);
    }
    const { journal } = await openJournal(fileSystem);
    expect((await journal.append(draftOf('a', 'next'))).number).toBe(21);
    expect(await payloadsOf(journal, 'a')).toEqual([...ALL_PAYLOADS, 'next']);
    await journal.close();
  });

  it('tells of entries that the intake had and that cannot be read, and sets the file aside', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem);
    for (let i = 0; i < 5; i++) await first.journal.append(draftOf('a', `payload ${i}`));
    const survivor = fileSystem.clone();
    await first.journal.close();
    const path = '/db/quarantine/000001.intake';
    const bytes = readFile(survivor, path);
    // In direct mode a group has a block of its own: this is the payload of the second.
    bytes[2 * 4096 + 100] ^= 1;
    writeFile(survivor, path, bytes);
    const { journal, warnings } = await openJournal(survivor);
    expect(warnings.map(({ code }) => code)).toEqual(['STEME_CORRUPTION']);
    expect(journal.damages.map(({ damage }) => damage)).toEqual([
      expect.objectContaining({ file: path, offsetBytes: 2 * 4096 }),
    ]);
    expect(await payloadsOf(journal, 'a')).toEqual(['payload 0', 'payload 2', 'payload 3', 'payload 4']);
    await journal.append(draftOf('a', 'next'));
    await journal.close();
    expect(await survivor.list('/db/quarantine')).toContain('000001.intake.damaged');
  });

  it.each([true, false])('takes what the intake has behind a damaged header (direct: %s)', async (direct) => {
    const fileSystem = new MemoryFileSystem({ direct });
    await fileSystem.makeDirectory('/db');
    const first = await openJournal(fileSystem);
    for (let i = 0; i < 5; i++) await first.journal.append(draftOf('a', `payload ${i}`));
    const survivor = fileSystem.clone();
    await first.journal.close();
    const path = '/db/quarantine/000001.intake';
    const bytes = readFile(survivor, path);
    bytes[40] ^= 1;
    writeFile(survivor, path, bytes);
    for (let life = 0; life < 2; life++) {
      const { journal, warnings } = await openJournal(survivor);
      expect(warnings.map(({ code }) => code)).toEqual(life === 0 ? ['STEME_CORRUPTION'] : []);
      const damage = expect.objectContaining({ file: path, offsetBytes: 0 });
      expect(journal.damages.map((error) => error.damage)).toEqual(life === 0 ? [damage] : []);
      expect(await payloadsOf(journal, 'a')).toHaveLength(5 + life);
      expect((await journal.append(draftOf('a', 'next'))).number).toBe(6 + life);
      await journal.close();
    }
    expect(await survivor.list('/db/quarantine')).toContain('000001.intake.damaged');
  });

  it('goes by the id of the database where an intake file of another one has got in', async () => {
    const fileSystem = await closedJournal();
    const stranger = await memoryWith({});
    const other = await openJournal(stranger, { databaseId: 1 });
    await other.journal.append(draftOf('a', 'of another'));
    writeFile(fileSystem, '/db/quarantine/000099.intake', readFile(stranger, '/db/quarantine/000001.intake'));
    await other.journal.close();
    expect(await findJournalId(fileSystem, '/db', DATABASE_ID)).toBe(DATABASE_ID);
    // A quarantine that is a copy of another database's keeps the id of that.
    expect(await findJournalId(stranger, '/db', DATABASE_ID)).toBe(1);
  });
});
