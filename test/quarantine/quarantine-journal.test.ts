import { describe, expect, it } from 'vitest';
import { KIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { InterceptedFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { memoryWith } from '../log/log-bytes.js';
import { draftOf, entriesOf, openJournal, payloadsOf, removeUpTo, START_MS } from './journal-rig.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a quarantine journal', () => {
  it('hands out what was appended, tenant by tenant, in order', async () => {
    const { journal } = await openJournal(await memoryWith({}));
    await Promise.all(range(0, 30).map((i) => journal.append(draftOf(`tenant ${i % 3}`, `payload ${i}`))));
    expect(await payloadsOf(journal, 'tenant 1')).toEqual(range(0, 10).map((i) => `payload ${3 * i + 1}`));
    expect(await payloadsOf(journal, 'nobody')).toEqual([]);
    expect(await journal.tenants()).toEqual(['tenant 0', 'tenant 1', 'tenant 2']);
    await journal.settle();
    expect(await payloadsOf(journal, 'tenant 1')).toEqual(range(0, 10).map((i) => `payload ${3 * i + 1}`));
    await journal.close();
  });

  it('knows a tenant whose first entry goes to its segment while the tenants are listed', async () => {
    let settle = async (): Promise<void> => {};
    class SettlingFileSystem extends InterceptedFileSystem {
      override async list(directory: string): Promise<string[]> {
        const names = await super.list(directory);
        await settle();
        return names;
      }
    }
    const fileSystem = new SettlingFileSystem(await memoryWith({}), { before: () => undefined });
    const { journal } = await openJournal(fileSystem);
    await journal.append(draftOf('new', 'x'));
    settle = async () => {
      settle = async () => {};
      await journal.settle();
    };
    expect(await journal.tenants()).toEqual(['new']);
    await journal.close();
  });

  it('keeps everything that is known of an entry', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem);
    const draft = draftOf('Zoë/../x', 'payload', {
      id: 'events.ndjson:7',
      reason: 'schema',
      detail: 'age must be a number',
      source: 'events.ndjson',
      sourcePosition: 7,
      contentType: 'application/json',
      timestampMs: START_MS - 5,
      appendedAtMs: START_MS,
      attemptCount: 3,
    });
    expect(await first.journal.append(draft)).toMatchObject({ number: 1, tenant: draft.tenant, id: draft.id });
    expect(await entriesOf(first.journal, 'Zoë/../x')).toEqual([{ ...draft, number: 1 }]);
    await first.journal.close();
    const { journal } = await openJournal(fileSystem);
    expect(await entriesOf(journal, 'Zoë/../x')).toEqual([{ ...draft, number: 1 }]);
    await journal.close();
  });

  it('copies the payload: the caller may use its memory again', async () => {
    const { journal } = await openJournal(await memoryWith({}));
    const payload = Buffer.from('before');
    const appended = journal.append(draftOf('a', '', { payload }));
    payload.write('after!');
    await appended;
    expect(await payloadsOf(journal, 'a')).toEqual(['before']);
    await journal.close();
  });

  it('hands out copies: what a reader writes into one is in no file', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem);
    await first.journal.append(draftOf('a', 'payload'));
    for (const { payload } of await entriesOf(first.journal, 'a')) payload.fill(0);
    await first.journal.close();
    const { journal } = await openJournal(fileSystem);
    expect(await payloadsOf(journal, 'a')).toEqual(['payload']);
    await journal.close();
  });

  it('goes on with its numbers, and keeps all entries, over reopenings', async () => {
    const fileSystem = await memoryWith({});
    for (let round = 0; round < 5; round++) {
      const { journal } = await openJournal(fileSystem, { segmentBytesMax: 400 });
      for (const i of range(0, 4)) {
        const entry = await journal.append(draftOf('a', `${round}.${i}`));
        expect(entry.number).toBe(4 * round + i + 1);
      }
      await journal.close();
    }
    const { journal } = await openJournal(fileSystem);
    expect((await entriesOf(journal, 'a')).map(({ number }) => number)).toEqual(range(1, 21));
    await journal.close();
  });

  it('takes entries of any size', async () => {
    const fileSystem = await memoryWith({});
    const sizes = [0, 1, 4000, 131_072, 1_048_576, 3_000_000];
    const payloads = sizes.map((size, i) => Buffer.from(new Prng(i + 1).fill(new Uint8Array(size))));
    const first = await openJournal(fileSystem);
    await Promise.all(payloads.map((payload) => first.journal.append(draftOf('a', '', { payload }))));
    await first.journal.close();
    const { journal } = await openJournal(fileSystem);
    const found = (await entriesOf(journal, 'a')).map(({ payload }) => Buffer.from(payload));
    expect(found.map(({ length }) => length)).toEqual(sizes);
    for (let i = 0; i < found.length; i++) expect(found[i].equals(payloads[i])).toBe(true);
    await journal.close();
  });

  it('acknowledges only what is durable, with one write for all that waited', async () => {
    for (const direct of [true, false]) {
      const memory = new MemoryFileSystem({ direct });
      await memory.makeDirectory('/db');
      memory.syncDirectorySync('/');
      const { journal } = await openJournal(memory);
      await journal.append(draftOf('first', 'x'));
      expect(journal.isDirect).toBe(direct);
      const before = journal.syncCount;
      await Promise.all(range(0, 200).map((i) => journal.append(draftOf(`tenant ${i}`, 'x'))));
      expect(journal.syncCount - before).toBe(1);
      const survivor = memory.crashClone(1);
      const reopened = await openJournal(survivor);
      expect(await payloadsOf(reopened.journal, 'tenant 199')).toEqual(['x']);
      await reopened.journal.close();
      await journal.close();
    }
  });

  it('finds by id and by time, and opens no segment that cannot have it', async () => {
    const { journal } = await openJournal(await memoryWith({}), { segmentBytesMax: 1 });
    for (const i of range(0, 300)) {
      await journal.append(draftOf('a', `payload ${i}`, { timestampMs: START_MS + i * 60_000 }));
      await journal.settle();
    }
    const before = journal.segmentOpens;
    expect(await payloadsOf(journal, 'a', { id: 'id of payload 123' })).toEqual(['payload 123']);
    expect(journal.segmentOpens - before).toBeLessThanOrEqual(3);
    const fromMs = START_MS + 50 * 60_000;
    const opensBefore = journal.segmentOpens;
    expect(await payloadsOf(journal, 'a', { fromMs, toMs: fromMs + 120_000 })).toEqual(['payload 50', 'payload 51']);
    // Two minutes may begin in the middle of one.
    expect(journal.segmentOpens - opensBefore).toBeLessThanOrEqual(3);
    const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };
    expect(await journal.mayContain('a', { ...all, id: 'id of payload 7' })).toBe(true);
    expect(await journal.mayContain('a', { ...all, id: 'id of payload 300' })).toBe(false);
    expect(await journal.mayContain('a', { ...all, id: 'id of payload 7', toMs: START_MS })).toBe(false);
    expect(await journal.mayContain('b', all)).toBe(false);
    await journal.close();
  });

  it('keeps few files open, however many tenants there are', async () => {
    const { journal } = await openJournal(await memoryWith({}), { openWritersMax: 4 });
    for (let round = 0; round < 3; round++) {
      await Promise.all(range(0, 50).map((i) => journal.append(draftOf(`tenant ${i}`, `${round}`))));
      await journal.settle();
      expect(journal.openWriterCount).toBeLessThanOrEqual(4);
    }
    for (const i of range(0, 50)) expect(await payloadsOf(journal, `tenant ${i}`)).toEqual(['0', '1', '2']);
    await journal.close();
  });

  it('gives intake files back once the segments have their entries', async () => {
    const fileSystem = await memoryWith({});
    const { journal } = await openJournal(fileSystem, { intakeBytes: 16 * KIB });
    for (const i of range(0, 200)) await journal.append(draftOf('a', 'x'.repeat(1000), { id: `${i}` }));
    await journal.settle();
    const names = (await fileSystem.list('/db/quarantine')).filter((name) => name.endsWith('.intake'));
    expect(names.length).toBeLessThanOrEqual(2);
    expect(await entriesOf(journal, 'a')).toHaveLength(200);
    await journal.close();
  });

  it('moves entries to segments by itself after a while', async () => {
    const fileSystem = await memoryWith({});
    const { journal, time } = await openJournal(fileSystem);
    await journal.append(draftOf('a', 'x'));
    expect(journal.pendingBytes).toBeGreaterThan(0);
    time.advance(1000);
    await journal.settle();
    expect(journal.pendingBytes).toBe(0);
    expect(await fileSystem.list('/db/quarantine/a')).toEqual(['000001.segment']);
    await journal.close();
  });

  it('removes whole segments, and what is removed stays away', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem, { segmentBytesMax: 1 });
    for (const i of range(0, 10)) {
      await first.journal.append(draftOf('a', `${i}`));
      await first.journal.settle();
    }
    const survivor = fileSystem.crashClone(1);
    expect(await removeUpTo(first.journal, 'a', 4)).toBe(4);
    expect(await payloadsOf(first.journal, 'a')).toEqual(['4', '5', '6', '7', '8', '9']);
    await first.journal.close();
    const second = await openJournal(fileSystem);
    expect(await payloadsOf(second.journal, 'a')).toEqual(['4', '5', '6', '7', '8', '9']);
    expect(await removeUpTo(second.journal, 'a', 100)).toBe(6);
    expect(await payloadsOf(second.journal, 'a')).toEqual([]);
    expect((await second.journal.append(draftOf('a', 'next'))).number).toBe(11);
    await second.journal.close();
    // All ten were still in the intake when that machine went down.
    const other = await openJournal(survivor);
    expect(await removeUpTo(other.journal, 'a', 10)).toBe(10);
    const again = await openJournal(survivor.crashClone(2));
    expect(await payloadsOf(again.journal, 'a')).toEqual([]);
    await again.journal.close();
    await other.journal.close();
  });

  it('lets a reader finish what was removed meanwhile', async () => {
    const { journal } = await openJournal(await memoryWith({}), { segmentBytesMax: 1 });
    for (const i of range(0, 5)) {
      await journal.append(draftOf('a', `${i}`));
      await journal.settle();
    }
    const reader = journal.read('a', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 });
    const seen = [(await reader.next()).value];
    await removeUpTo(journal, 'a', 5);
    for await (const event of reader) seen.push(event);
    expect(seen).toHaveLength(5);
    expect(await payloadsOf(journal, 'a')).toEqual([]);
    await journal.close();
  });

  it('that is only read shows the intake as well, and changes nothing', async () => {
    const fileSystem = await memoryWith({});
    const first = await openJournal(fileSystem);
    await first.journal.append(draftOf('a', 'settled'));
    await first.journal.settle();
    await first.journal.append(draftOf('a', 'in the intake'));
    const survivor = fileSystem.clone();
    await first.journal.close();
    const before = survivor.fingerprint();
    const { journal } = await openJournal(survivor, { isReadOnly: true });
    expect(await payloadsOf(journal, 'a')).toEqual(['settled', 'in the intake']);
    await journal.close();
    expect(survivor.fingerprint()).toBe(before);
  });
});
