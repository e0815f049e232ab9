import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { withTimeLimit } from '../../../native-bench/report/time-limit.js';

async function runProgram(program: string): Promise<string> {
  const child = spawn(process.execPath, ['--eval', program]);
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ended with ${signal ?? code}`);
  return 'done';
}

test('a run that ends in time is left alone, with its result or its failure', async () => {
  expect(await withTimeLimit(60_000, () => runProgram(''))).toBe('done');
  await expect(withTimeLimit(60_000, () => runProgram('process.exit(3)'))).rejects.toThrow('ended with 3');
});

// Where the kernel lists no children there is nobody to end.
test.runIf(process.platform === 'linux')('a run that hangs is ended, and told so', async () => {
  const hang = () => runProgram('setInterval(() => undefined, 1000)');
  await expect(withTimeLimit(100, hang)).rejects.toThrow('ended after 0.1 s without a result');
});
