import { readFileSync } from 'node:fs';

/** Processes that this one has started, and that these have started; none where the kernel does not list them. */
export function descendants(pid = process.pid): number[] {
  const children = childrenOf(pid);
  return [...children, ...children.flatMap(descendants)];
}

export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
