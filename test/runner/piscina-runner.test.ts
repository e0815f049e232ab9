import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { PiscinaRunner } from '../../src/runner/piscina-runner.js';
import { compactionJob, flushJob, type Row, settingsWith } from '../support/job-bench.js';
import { outcomeOf, settles } from '../support/settles.js';

let directory: string;
let runner: PiscinaRunner;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  runner = new PiscinaRunner(1);
});

afterEach(async () => {
  await settles('the close', runner.close());
  await rm(directory, { recursive: true });
});

describe('jobs in worker threads', () => {
  it('read the memtable of this thread where it lies, and write a table to the disk', async () => {
    const { tables } = await runner.run(
      flushJob(
        3,
        [
          ['a', 1, 'x'],
          ['b', 2, 'y'],
        ],
        settingsWith({ directory }),
      ),
    );
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatchObject({ number: 3, entryCount: 2 });
    expect(tables[0].smallestKey).toEqual(new Uint8Array(Buffer.from('a')));
    expect(await realFileSystem.statBytes(join(directory, '000003.sst'))).toBe(tables[0].fileBytes);
    const merged = await runner.run(compactionJob(tables, { settings: settingsWith({ directory }), readMode: 'mmap' }));
    expect(merged.tables[0].entryCount).toBe(2);
  });

  it('throw here what they threw there, with its class, code and damage', async () => {
    const { tables } = await runner.run(flushJob(3, [['a', 1, 'x']], settingsWith({ directory })));
    const path = join(directory, '000003.sst');
    await writeFile(path, Buffer.alloc(tables[0].fileBytes, 0x5a));
    const job = compactionJob(tables, { settings: settingsWith({ directory }) });
    const error: unknown = await runner.run(job).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorruptionError);
    expect(error).toMatchObject({ code: 'STEME_CORRUPTION', damage: { file: expect.stringContaining('000003.sst') } });
    expect(await readdir(directory)).toEqual(['000003.sst']);
  });

  it('keep the errno of a refused operation, and the next job runs all the same', async () => {
    const nowhere = flushJob(3, [['a', 1, 'x']], settingsWith({ directory: join(directory, 'none') }));
    await expect(runner.run(nowhere)).rejects.toMatchObject({ code: 'STEME_IO', cause: { code: 'ENOENT' } });
    const { tables } = await runner.run(flushJob(4, [['a', 1, 'x']], settingsWith({ directory })));
    expect(tables).toHaveLength(1);
  });
});

describe.runIf(process.platform === 'linux')('the processor', () => {
  it.each([0, 10, 17])(
    'goes to the thread that opened before it goes to one that compacts, from niceness %i on',
    async (more) => {
      const script = fileURLToPath(new URL('./a-nice-process.ts', import.meta.url));
      const command = ['-n', String(more), process.execPath, '--import', 'tsx', script];
      const { stdout } = await promisify(execFile)('nice', command);
      const { opening, others } = JSON.parse(stdout);
      expect(opening).toBeGreaterThanOrEqual(more);
      const expected = Math.min(opening + 5, 19);
      expect(others).toEqual(expected === opening ? [] : [expected]);
    },
  );
});

describe('a flush', () => {
  it('is done while a long compaction still runs', async () => {
    await settles('the close of the first', runner.close());
    runner = new PiscinaRunner(2);
    const rows = Array.from(
      { length: 30_000 },
      (_, i): Row => [`key ${String(i).padStart(5, '0')}`, i + 1, 'v'.repeat(100)],
    );
    const settings = settingsWith({ directory });
    const { tables } = await runner.run(flushJob(3, rows, settings));
    let isCompacted = false;
    const job = compactionJob(tables, { settings, bytesPerSecondMax: 1_000_000 });
    const compaction = runner.run(job).then(() => {
      isCompacted = true;
    });
    await settles('the flush', runner.run(flushJob(4, [['a', 1, 'x']], settings)));
    expect(isCompacted).toBe(false);
    await settles('the compaction', compaction);
  });
});

describe('the pool', () => {
  it('is not started for nothing, and may be closed twice', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const idle = new PiscinaRunner(4);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'MessagePort')).toHaveLength(before);
    await idle.close();
    await idle.close();
  });

  it('has threads for a replay as soon as one is announced, until it is over', async () => {
    expect(runner.threadIds()).toEqual([]);
    runner.beginReplay();
    expect(runner.threadIds()).toHaveLength(1);
    runner.endReplay();
    expect(runner.threadIds()).toEqual([]);
    const { tables } = await runner.run(flushJob(3, [['a', 1, 'x']], settingsWith({ directory })));
    expect(tables).toHaveLength(1);
    runner.beginReplay();
    expect(runner.threadIds()).toHaveLength(1);
  });

  it('finishes the job under way when it is closed, and takes no other', async () => {
    const job = outcomeOf('the job', runner.run(flushJob(3, [['a', 1, 'x']], settingsWith({ directory }))));
    await settles('the close', Promise.all([runner.close(), runner.close()]));
    expect(await job).toMatchObject({ value: { tables: [{ number: 3 }] } });
    const late = runner.run(flushJob(4, [['a', 1, 'x']], settingsWith({ directory })));
    await expect(late).rejects.toMatchObject({ code: 'STEME_CLOSED' });
  });
});
