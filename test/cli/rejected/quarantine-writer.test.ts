import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../../../src/base/deferred.js';
import { MIB } from '../../../src/base/limits.js';
import type { RejectionCode } from '../../../src/cli/record-reader/record.js';
import type { QuarantineDraft } from '../../../src/cli/rejected/quarantine-draft.js';
import { QuarantineWriter } from '../../../src/cli/rejected/quarantine-writer.js';
import type { Quarantine, QuarantineReceipt } from '../../../src/engine/quarantine/quarantine-api.js';

function draft(bytes = 10): QuarantineDraft {
  return { payload: new Uint8Array(bytes), options: { reason: 'malformed' } };
}

/** A quarantine whose appends end when the test says so. */
function quarantineOfWaiting(): { quarantine: Quarantine; waiting: Deferred<QuarantineReceipt>[] } {
  const waiting: Deferred<QuarantineReceipt>[] = [];
  const append: Quarantine['append'] = () => {
    const appended = new Deferred<QuarantineReceipt>();
    waiting.push(appended);
    return appended.promise;
  };
  return { quarantine: { append } as Partial<Quarantine> as Quarantine, waiting };
}

const NEW = { number: 1, id: 'x', isNew: true };

/** Adds until one has to wait; returns how many went on their way, and the one that waits. */
async function addUntilFull(writer: QuarantineWriter, bytes: number): Promise<{ sent: number; waits: Promise<void> }> {
  for (let sent = 0; ; sent++) {
    let isDone = false;
    const waits = writer.add('a', 'malformed', draft(bytes)).then(() => {
      isDone = true;
    });
    await nextTurn();
    if (!isDone) return { sent, waits };
  }
}

describe('the way of rejected records to the quarantine', () => {
  it('has many on their way at once, but only so many', async () => {
    const { quarantine, waiting } = quarantineOfWaiting();
    const writer = new QuarantineWriter(quarantine);
    const { sent, waits } = await addUntilFull(writer, 10);
    expect(sent).toBe(512);
    waiting[0].resolve(NEW);
    await waits;
    expect(waiting).toHaveLength(513);
  });

  it('has only so many bytes on their way, and one record of any size', async () => {
    const { quarantine, waiting } = quarantineOfWaiting();
    const writer = new QuarantineWriter(quarantine);
    const { sent, waits } = await addUntilFull(writer, 6 * MIB);
    expect(sent).toBe(2);
    for (const each of waiting) each.resolve(NEW);
    await waits;
    waiting[2].resolve(NEW);
    await writer.settle();
    await writer.add('a', 'malformed', draft(64 * MIB));
    expect(waiting).toHaveLength(4);
  });

  it('has settled when all that was added is durable', async () => {
    const { quarantine, waiting } = quarantineOfWaiting();
    const writer = new QuarantineWriter(quarantine);
    for (let i = 0; i < 3; i++) await writer.add('a', 'malformed', draft());
    let isSettled = false;
    const settled = writer.settle().then(() => {
      isSettled = true;
    });
    for (const each of waiting) {
      expect(isSettled).toBe(false);
      each.resolve(NEW);
      await nextTurn();
    }
    await settled;
  });

  it('ends with the first failure, once', async () => {
    const { quarantine, waiting } = quarantineOfWaiting();
    const writer = new QuarantineWriter(quarantine);
    for (let i = 0; i < 2; i++) await writer.add('a', 'malformed', draft());
    waiting[1].reject(new Error('the first one'));
    await nextTurn();
    await expect(writer.add('a', 'malformed', draft())).rejects.toThrow('the first one');
    expect(waiting).toHaveLength(2);
    waiting[0].reject(new Error('the second one'));
    await expect(writer.settle()).rejects.toThrow('the first one');
  });

  it.each([
    [[], undefined],
    [['a', 'a'], 'a'],
    [['a', 'b', 'a'], undefined],
    [['', ''], ''],
  ])('knows of %j whose they all are', async (tenants, rejectedTenant) => {
    const quarantine = { append: async () => ({ ...NEW, isNew: false }) } as Partial<Quarantine> as Quarantine;
    const writer = new QuarantineWriter(quarantine);
    const codes: RejectionCode[] = ['no-key', 'malformed', 'no-key'];
    for (const [i, tenant] of tenants.entries()) await writer.add(tenant, codes[i], draft());
    await writer.settle();
    expect(writer.counts).toMatchObject({
      rejectedTenant,
      rejectedRecords: tenants.length,
      rejectedBefore: tenants.length,
    });
    expect(writer.counts.rejectedByReason['no-key'] ?? 0).toBe(Math.ceil(tenants.length / 2));
  });
});
