import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWaiting, PHASES, phaseOf } from '../../src/profile/phase.js';
import { stack } from './stacks.js';

describe('the phase of a stack', () => {
  it.each([
    [
      'batch@src/engine/steme-database.js > batch@src/engine/database-writes.js > set@src/memtable/memtable.js',
      'commit',
    ],
    ['main@app.js > put@src/engine/steme-database.js', 'commit'],
    ['anonymous@src/wal/wal-writer.js > #write@src/wal/wal-writer.js > write@src/fs/real-file-handle.js', 'log sync'],
    ['#append@src/engine/commit-pipeline.js > commit@src/wal/wal-writer.js', 'commit'],
    ['main@app.js > getSync@src/engine/steme-database.js > find@src/table/table-reader.js', 'point read'],
    ['nextv@src/engine/entry-iterator.js > next@src/read/merging-iterator.js', 'scan'],
    ['iterator@src/engine/steme-database.js > iteratorAt@src/engine/database-reads.js > x@src/read/bounds.js', 'scan'],
    ['runInWorker@workers/job-worker.js > runFlush@src/jobs/flush-job.js > add@src/table/table-writer.js', 'flush'],
    ['runCompaction@src/jobs/compaction-job.js > next@src/read/merging-iterator.js > crc32c', 'compaction'],
    ['pick@src/compaction/picker.js', 'compaction'],
    ['runReplay@src/jobs/replay-job.js > set@src/memtable/memtable.js', 'replay'],
    ['openEngine@src/engine/open-engine.js > read@src/version/manifest-reader.js', 'replay'],
    ['runVerifyTable@src/jobs/verify-table-job.js > block@src/table/verify-table.js', 'verify'],
    ['load@src/engine/bulk-load.js > x@src/base/bytes.js', 'bulk load'],
    ['stats@src/engine/steme-database.js > collectStats@src/engine/collect-stats.js', 'engine'],
    ['run@piscina/dist/index.js', 'engine'],
    ['main@app.js > JSON.parse', 'program'],
    ['handle@express/router.js > parse@node:url', 'program'],
    ['processTimers@node:internal/timers', 'runtime'],
    ['getSync@src/engine/steme-database.js > GC', 'garbage collection'],
    ['start_thread > v8::internal::Scavenger::Process', 'garbage collection'],
    ['start_thread > v8::internal::OptimizingCompileDispatcher::CompileNext', 'compilation'],
    ['start_thread > worker > uv__fs_work > fdatasync', 'log sync'],
    ['require@node:internal/modules/cjs/loader', 'start'],
    ['run@node:internal/modules/esm/module_job > anonymous@src/jobs/bulk-load-job.js', 'start'],
    ['run@node:internal/modules/esm/module_job > main@app.js > get@src/engine/steme-database.js', 'point read'],
  ])('%s is %s', (text, phase) => {
    expect(phaseOf(stack(text))).toBe(phase);
  });

  it('in a callback of the engine is the one of the innermost code', () => {
    const work = 'transaction@src/engine/steme-database.js > work@app.js';
    expect(phaseOf(stack(work))).toBe('program');
    expect(phaseOf(stack(`${work} > getSync@src/engine/transaction.js`))).toBe('commit');
    expect(phaseOf(stack(`${work} > getSync@src/engine/steme-database.js`))).toBe('point read');
  });

  it('is the same in sources and in what was built of them', () => {
    expect(phaseOf(stack('runFlush@src/jobs/flush-job.ts'))).toBe('flush');
  });

  it('is known for modules that exist', () => {
    const root = join(import.meta.dirname, '../../src');
    const modules = new Set(readdirSync(root, { recursive: true, encoding: 'utf8' }));
    const decisive = ['jobs/flush-job.ts', 'jobs/compaction-job.ts', 'jobs/replay-job.ts', 'jobs/verify-table-job.ts'];
    for (const module of [...decisive, 'wal/wal-writer.ts', 'engine/database-reads.ts', 'engine/entry-iterator.ts']) {
      expect(modules).toContain(module);
      expect(phaseOf(stack(`f@src/${module}`))).not.toBe('engine');
    }
  });

  it('has a colour and a meaning of its own', () => {
    expect(new Set(PHASES.map(({ colour }) => colour)).size).toBe(PHASES.length);
    expect(new Set(PHASES.map(({ name }) => name)).size).toBe(PHASES.length);
  });
});

describe('a thread', () => {
  it('waits when V8 says so, and when its pool has no job for it', () => {
    expect(isWaiting([{ name: '(idle)', origin: 'waiting', file: '', line: 0 }])).toBe(true);
    expect(isWaiting(stack('onMessage@piscina/dist/worker.js > atomicsWaitLoop@piscina/dist/worker.js > wait'))).toBe(
      true,
    );
    expect(
      isWaiting(stack('atomicsWaitLoop@piscina/dist/worker.js > onMessage@piscina/dist/worker.js > run@app.js')),
    ).toBe(false);
    expect(isWaiting([])).toBe(false);
  });
});
