import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { breakSource, type Canary } from './canaries.js';
import type { Catch } from './canary-hunt.js';

export const CANARY_SEEDS_MAX = 200;

/** Where npm runs its scripts: compiled, this file is somewhere else than its sources. */
const root = process.cwd();
/** What a simulation needs; packages are found further up. */
const COPIED = ['src', 'test/sim', 'test/support', 'package.json', 'tsconfig.json'];

/** Simulates on a copy of this tree with the canary in it. Undefined: it was not caught. */
export async function runCanary(
  canary: Canary,
  firstSeed: number,
  seedCount = CANARY_SEEDS_MAX,
): Promise<Catch | undefined> {
  const directory = join(root, '.tmp', 'canaries', `${canary.name}-${process.pid}`);
  try {
    makeBrokenTree(directory, canary);
    const script = join(directory, 'test', 'sim', 'canary-hunt.ts');
    const hunt = [script, String(firstSeed), String(seedCount), ...(canary.focus === undefined ? [] : [canary.focus])];
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', ...hunt], { cwd: directory });
    return (JSON.parse(stdout) as Catch | null) ?? undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeBrokenTree(directory: string, canary: Canary): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const path of COPIED) cpSync(join(root, path), join(directory, path), { recursive: true });
  const file = join(directory, canary.file);
  writeFileSync(file, breakSource(canary, readFileSync(file, 'utf8')));
}
