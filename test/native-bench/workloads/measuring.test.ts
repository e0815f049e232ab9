import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AcknowledgedPace, slowestWindowShare } from '../../../native-bench/workloads/acknowledged-pace.js';
import { parseProcessIo } from '../../../native-bench/workloads/process-io.js';
import { parsePeakBytes } from '../../../native-bench/workloads/resident-peak.js';
import { storedBytes } from '../../../native-bench/workloads/stored-bytes.js';
import { timeAsync, timeSync } from '../../../native-bench/workloads/timed-loops.js';
import { InsertCounter } from '../../../native-bench/workloads/ycsb-inserts.js';

describe('acknowledgements', () => {
  it('are counted by windows of five seconds, the last one left out', () => {
    const pace = new AcknowledgedPace(1000);
    for (const nowMs of [1100, 5999, 6000, 16_500]) pace.acknowledge(10, nowMs);
    expect(pace.windows(17_000)).toEqual([20, 10, 0]);
    expect(pace.gapMsMax).toBe(10_500);
  });

  it('of the slowest window are a share of those of the first', () => {
    expect(slowestWindowShare([100, 90, 60, 120])).toBe(0.6);
    expect(slowestWindowShare([100])).toBe(1);
  });
});

describe('the timed loops', () => {
  it('count every operation', async () => {
    let calls = 0;
    const sync = timeSync(5, () => {
      calls++;
    });
    expect(sync.operations).toBe(calls);
    calls = 0;
    const timing = { clientCount: 3, durationMs: 5, operationsPerSample: 4 };
    const async = await timeAsync(
      timing,
      async () => calls++,
      () => undefined,
    );
    expect(async.operations).toBe(calls);
  });

  it('end after as many operations as they are told', async () => {
    const timing = { clientCount: 4, durationMs: 60_000, operationsMax: 10, operationsPerSample: 1 };
    let calls = 0;
    const { operations } = await timeAsync(
      timing,
      async () => calls++,
      () => undefined,
    );
    expect([operations, calls]).toEqual([10, 10]);
  });

  it('end all clients when one finds a wrong result', async () => {
    const timing = { clientCount: 4, durationMs: 60_000, operationsPerSample: 16 };
    let calls = 0;
    const accept = (result: number): void => {
      if (result === 5) throw new Error('wrong');
    };
    await expect(timeAsync(timing, async () => calls++, accept)).rejects.toThrow('wrong');
    const callsThen = calls;
    await new Promise(setImmediate);
    expect(calls).toBeLessThanOrEqual(callsThen + 4);
  });
});

describe('inserts', () => {
  it('may be read once all before them are acknowledged', () => {
    const inserts = new InsertCounter(10);
    expect([inserts.take(), inserts.take(), inserts.take()]).toEqual([10, 11, 12]);
    inserts.acknowledge(11);
    expect(inserts.acknowledged).toBe(10);
    inserts.acknowledge(10);
    expect(inserts.acknowledged).toBe(12);
  });
});

describe('what the kernel tells', () => {
  it('of I/O is read by name', () => {
    const text = 'rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 5\n';
    expect(parseProcessIo(text)).toEqual({ readBytes: 4096, writtenBytes: 8192 });
    expect(parseProcessIo('')).toEqual({ readBytes: 0, writtenBytes: 0 });
  });

  it('of memory is in bytes', () => {
    expect(parsePeakBytes('VmPeak:\t  9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n')).toBe(2 * 1024 * 1024);
    expect(parsePeakBytes('')).toBe(0);
  });

  it('of files is added up', () => {
    const directory = mkdtempSync(join(tmpdir(), 'stored-bytes-'));
    writeFileSync(join(directory, 'one'), Buffer.alloc(100_000, 1));
    expect(storedBytes(directory)).toBeGreaterThanOrEqual(100_000);
    rmSync(directory, { recursive: true });
  });
});
