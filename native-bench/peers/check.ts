/** Runs the conformance checks on every engine that is installed: `npx tsx native-bench/peers/check.ts [ENGINE...]`. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { say } from '../support/say.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { ENGINE_NAMES, type EngineName } from './bench-engine.js';
import { CHECKS, conformanceFailures } from './conformance.js';
import { installedEngines } from './install.js';
import { openEngineOf } from './open-engine.js';

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !ENGINE_NAMES.some((one) => one === name));
if (unknown.length > 0) {
  say(`there is no engine ${unknown.join(', ')}; there are ${ENGINE_NAMES.join(', ')}`);
  process.exit(2);
}

const checkCount = Object.keys(CHECKS).length;
const directory = emptyWorkDirectory('bench-check');
for (const name of installedEngines()) {
  if (positionals.length === 0 || positionals.includes(name)) await check(name);
}
removeWorkDirectory(directory);

async function check(name: EngineName): Promise<void> {
  const failures = await conformanceFailures(await openEngineOf(name), join(directory, name));
  if (failures.length > 0) process.exitCode = 1;
  const summary = failures.map(({ check: failed, error }) => `${failed} (${error.message.split('\n')[0]})`).join('; ');
  const passed = `${checkCount - failures.length} of ${checkCount} checks passed`;
  say(`${name}: ${passed}${failures.length > 0 ? `; failed: ${summary}` : ''}`);
}
