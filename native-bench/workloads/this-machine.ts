import { startChild } from '../support/child-process.js';
import { dropPageCache } from './page-cache.js';
import { processIo, settled } from './process-io.js';
import { storedBytes } from './stored-bytes.js';
import type { ElsewhereWrite, Machine } from './workload.js';
import type { WorkloadTask } from './workload-result.js';
import { WRITTEN, type WriterTask } from './writer-task.js';

export function thisMachine(task: WorkloadTask): Machine {
  return {
    writtenBytes: () => processIo().writtenBytes,
    storedBytes: () => storedBytes(task.directory),
    // A quick run has so little to merge that it need not wait for longer than it measures.
    settle: () => settled(task.durationMs),
    writeElsewhere: (write) => writeElsewhere(task, write),
    dropPageCache: () => dropPageCache(task.directory),
  };
}

async function writeElsewhere(
  { engine, directory, seed, valueBytes }: WorkloadTask,
  write: ElsewhereWrite,
): Promise<void> {
  let isWritten = false;
  const child = startChild(new URL('./writer-child.ts', import.meta.url), {
    onReport: (line) => {
      isWritten = line === WRITTEN;
      if (write.end === 'killed') child.process.kill('SIGKILL');
    },
  });
  const task: WriterTask = { ...write, engine, directory, seed, valueBytes };
  child.process.stdin?.end(`${JSON.stringify(task)}\n`);
  const { code, signal } = await child.ended;
  if (!isWritten) throw new Error(`the process that writes on ${engine} ended with ${signal ?? `code ${code}`}`);
}
