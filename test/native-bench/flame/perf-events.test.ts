import { describe, expect, it } from 'vitest';
import { type PerfEvent, PerfScriptReader } from '../../../native-bench/flame/perf-script.js';
import { chooseThreads, nameThreads } from '../../../native-bench/flame/perf-threads.js';
import { WaitingTimes } from '../../../native-bench/flame/waiting-times.js';
import { frameLabel } from '../../../src/profile/frame.js';
import { weighted } from '../../profile/stacks.js';

const PATHS = { engineRoots: ['/p/dist/'], programRoot: '/p' };

const SCRIPT = `steme-flame    10/12    100.000000500: cpu-clock:ppp:
\tffffffff81000c82 asm_exc_page_fault+0x22 ([kernel.kallsyms])
\t          d92158 v8::internal::Runtime_X(int) (/usr/bin/node)
\t    7f5e8c1d03a5 Builtins_InterpreterEntryTrampoline+0x1 (/usr/bin/node)
\t    7f5e8c1d03a5 JS:*merge file:///p/dist/src/read/merge.js:12:3 (/tmp/perf-10.map)
\t    7f5e8c1d03a6 JS:~ file:///p/bench/run.ts:7:1 (/tmp/perf-10.map)
\t    7f5e8c1d03a7 [unknown] (/tmp/perf-10.map)
\t          d92159 node::Start(int, char**) (/usr/bin/node)

Node 20 (x)    10/10    101.250000000: cpu-clock:
\t    7f5e8c1d03a7 [unknown] (/usr/lib/libc.so.6)
`;

function eventsOf(text: string): PerfEvent[] {
  const events: PerfEvent[] = [];
  const reader = new PerfScriptReader(PATHS, (event) => events.push(event));
  for (const line of text.split('\n')) reader.addLine(line);
  reader.finish();
  return events;
}

describe('what perf prints', () => {
  it('is read event by event, from the first JavaScript inwards, without a path of this machine', () => {
    const [first, second] = eventsOf(SCRIPT);
    expect(first).toMatchObject({ processId: 10, threadId: 12, atNs: 100_000_000_500 });
    expect(first.frames.map(frameLabel)).toEqual([
      'anonymous bench/run.ts:7',
      'merge src/read/merge.js:12',
      'v8::internal::Runtime_X(int)',
      'asm_exc_page_fault',
    ]);
    expect(first.frames.map(({ origin }) => origin)).toEqual(['program', 'engine', 'native', 'kernel']);
    expect(second.frames.map(frameLabel)).toEqual(['(in libc.so.6)']);
  });
});

describe('threads', () => {
  const threads = nameThreads(
    new Map([
      [10, [weighted('main@app.js', 1)]],
      [11, [weighted('start_thread > node::PlatformWorkerThread > v8::internal::Scavenger', 2)]],
      [12, [weighted('start_thread > worker > uv__fs_work > pwrite', 3)]],
      [13, [weighted('start_thread > worker > uv__fs_work > fdatasync', 4)]],
      [14, [weighted('load@node:internal/modules/esm/hooks', 5)]],
      [15, [weighted('runFlush@src/jobs/flush-job.js', 6)]],
      [16, [weighted('runCompaction@src/jobs/compaction-job.js', 7)]],
    ]),
    10,
  );

  it('are told by what they do', () => {
    expect(threads.map(({ name, stacks }) => [name, stacks.length])).toEqual([
      ['opening thread', 1],
      ['worker 1', 1],
      ['worker 2', 1],
      ['libuv pool', 2],
      ['V8 helpers', 1],
      ['other threads', 1],
    ]);
  });

  it('are chosen', () => {
    expect(chooseThreads(threads, 'main').map(({ name }) => name)).toEqual(['opening thread']);
    expect(chooseThreads(threads, 'workers').map(({ name }) => name)).toEqual(['worker 1', 'worker 2']);
    expect(chooseThreads(threads, 'all')).toHaveLength(6);
  });
});

function switchAt(us: number, from: number, state: string, to: number, stack = 'main@app.js > futex'): PerfEvent {
  const trace = `prev_comm=a b prev_pid=${from} prev_prio=1 prev_state=${state} ==> next_comm=c next_pid=${to} next_prio=1`;
  return { processId: 10, threadId: from, atNs: us * 1000, trace, frames: weighted(stack, 0).frames };
}

describe('waiting', () => {
  const window = { startNs: 100_000, endNs: 200_000 };

  it('lasts from one switch to the next, within what was measured', () => {
    const waiting = new WaitingTimes(window, (threadId) => threadId === 10);
    for (const event of [
      switchAt(50, 10, 'S', 1),
      switchAt(110, 1, 'S', 10),
      switchAt(120, 10, 'R', 1),
      switchAt(125, 1, 'S', 10),
      switchAt(190, 10, 'S', 1),
    ]) {
      waiting.add(event);
    }
    waiting.finish();
    const stacks = waiting.stacksOfThread.get(10) ?? [];
    expect(stacks.map(({ weight }) => weight)).toEqual([10, 5, 10]);
    expect(stacks[1].frames.at(-1)?.name).toContain('no processor was free');
    expect(waiting.stacksOfThread.size).toBe(1);
  });

  it('of a pool for its next task is nobody’s', () => {
    const waiting = new WaitingTimes(window, () => true);
    waiting.add(switchAt(110, 11, 'S', 1, '__futex_abstimed_wait_common > schedule'));
    waiting.add(switchAt(110, 12, 'S', 1, 'atomicsWaitLoop@piscina/dist/worker.js > futex'));
    waiting.finish();
    expect(waiting.stacksOfThread.size).toBe(0);
  });
});
