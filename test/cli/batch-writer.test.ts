import { describe, expect, it } from 'vitest';
import { BatchWriter } from '../../src/cli/batch-writer.js';
import type { BatchOperation, Database } from '../../src/engine/api.js';

/** A database of which only `batch` is there; each batch waits for its turn to be settled by the test. */
class HeldBatches {
  readonly sizes: number[] = [];
  readonly syncs: unknown[] = [];
  readonly #settlers: ((error?: Error) => void)[] = [];

  batch(operations: readonly BatchOperation[], options?: { sync?: boolean }): Promise<void> {
    this.sizes.push(operations.length);
    this.syncs.push(options?.sync);
    return new Promise((resolve, reject) => {
      this.#settlers.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  settleNext(error?: Error): void {
    this.#settlers.shift()?.(error);
  }
}

function newWriter(held: HeldBatches, recordsPerBatch: number): BatchWriter {
  return new BatchWriter(held as Partial<Database> as Database, recordsPerBatch, true);
}

const key = Buffer.from('k');

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the batch writer', () => {
  it('is full at the number of records of a batch, or at its bytes', () => {
    const writer = newWriter(new HeldBatches(), 2);
    writer.add(key, key);
    expect(writer.isFull).toBe(false);
    writer.add(key, key);
    expect(writer.isFull).toBe(true);
    const other = newWriter(new HeldBatches(), 1000);
    other.add(key, new Uint8Array(4 * 1024 * 1024));
    expect(other.isFull).toBe(true);
  });

  it('keeps a bounded number of batches on their way, and waits for one to end before it sends another', async () => {
    const held = new HeldBatches();
    const writer = newWriter(held, 1);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 20; sent++) {
        writer.add(key, key);
        await writer.send();
      }
    })();
    await turn();
    expect(held.sizes).toHaveLength(8);
    held.settleNext();
    await turn();
    expect(held.sizes).toHaveLength(9);
    expect(writer.acknowledgedRecords).toBe(1);
    for (let i = 0; i < 20; i++) {
      held.settleNext();
      await turn();
    }
    await sending;
    await writer.settle();
    expect(writer.acknowledgedRecords).toBe(20);
  });

  it('throws the failure of a batch at the next call, and counts only what was acknowledged', async () => {
    const held = new HeldBatches();
    const writer = newWriter(held, 1);
    for (let i = 0; i < 2; i++) {
      writer.add(key, key);
      await writer.send();
    }
    held.settleNext();
    held.settleNext(new Error('disk full'));
    await expect(writer.settle()).rejects.toThrow('disk full');
    expect(writer.acknowledgedRecords).toBe(1);
    await expect(writer.send()).rejects.toThrow('disk full');
    expect(held.sizes).toEqual([1, 1]);
  });

  it('sends nothing when nothing was added', async () => {
    const held = new HeldBatches();
    await newWriter(held, 1).send();
    expect(held.sizes).toEqual([]);
  });
});
