/** Where threads block, by system call, where perf may not see them switch. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeFrame } from '../../src/profile/frame.js';
import type { ThreadStacks } from '../../src/profile/stack-profile.js';
import type { FlameReport } from './flame-task.js';
import { type ChildRun, runFlameChild } from './run-child.js';
import { parseBlockedCall } from './strace-lines.js';

/** Calls in which a thread of a pool waits for its next task are no waiting of anybody. */
const CALLS =
  'trace=fdatasync,fsync,write,writev,pwrite64,read,pread64,openat,unlink,rename,epoll_wait,epoll_pwait,ftruncate';

export function canTraceCalls(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0;
}

export async function traceBlocking(run: ChildRun): Promise<{ report: FlameReport; threads: ThreadStacks[] }> {
  const prefix = join(run.directory, 'strace');
  // One file a thread; times of the wall clock.
  const wrapper = ['strace', '-ff', '-q', '-y', '-T', '-ttt', '-e', CALLS, '-o', prefix];
  const report = await runFlameChild({ ...run, wrapper });
  const nowNs = Number(process.hrtime.bigint());
  const wallOffsetNs = Date.now() * 1e6 - nowNs;
  const threads: ThreadStacks[] = [];
  for (const name of readdirSync(run.directory).filter((file) => file.startsWith('strace.'))) {
    const threadId = Number(name.split('.')[1]);
    const lines = readFileSync(join(run.directory, name), 'utf8').split('\n');
    const calls = lines.map(parseBlockedCall).filter((call) => call !== undefined);
    const within = calls.filter(({ atS }) => {
      const atNs = atS * 1e9 - wallOffsetNs;
      return atNs >= report.window.startNs && atNs <= report.window.endNs;
    });
    const stacks = within.map(({ call, file, us }) => ({ frames: [nativeFrame(call), nativeFrame(file)], weight: us }));
    const isOpening = threadId === report.processId;
    if (stacks.length > 0)
      threads.push({ name: isOpening ? 'opening thread' : `thread ${threads.length + 1}`, stacks, waitingWeight: 0 });
  }
  return { report, threads };
}
