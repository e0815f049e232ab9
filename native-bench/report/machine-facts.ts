import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PROJECT_URL } from '../support/project.js';
import type { MachineFacts } from './results-file.js';

/** Magic numbers of `statfs(2)`. What stands here is what benchmarks are run on; others are shown as numbers. */
const FILE_SYSTEM_NAMES: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
};

export function machineFacts(loadAtStart: number): MachineFacts {
  const { type } = statfsSync(PROJECT_URL);
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus().at(0)?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    fileSystem: FILE_SYSTEM_NAMES[type] ?? `file system ${type}`,
    loadAtStart,
  };
}

/** The short hash that was measured, with `-dirty` when files differ from it; `unknown` outside of a repository. */
export function commitOfTree(): string {
  try {
    const hash = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain') === '' ? hash : `${hash}-dirty`;
  } catch {
    return 'unknown';
  }
}

function git(...gitArguments: readonly string[]): string {
  const cwd = fileURLToPath(PROJECT_URL);
  return execFileSync('git', gitArguments, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
