import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { isInMemory } from '../support/work-directory.js';

/** What figures depend on, besides the code. Nothing that tells whose machine it is. */
export interface MachineFacts {
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly loadAtStart: number;
  /** Databases were in memory (tmpfs), so that syncs cost nothing. */
  readonly isDiskInMemory: boolean;
}

export function machineFacts(directory: string): MachineFacts {
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    loadAtStart: loadavg()[0],
    isDiskInMemory: isInMemory(directory),
  };
}
