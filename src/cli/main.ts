#!/usr/bin/env node
import { systemClock } from '../base/clock.js';
import { realFileSystem } from '../fs/real-file-system.js';
import { open, repair, verify } from '../index.js';
import { formatWarning } from './error-report.js';
import { runProgram } from './profile/run-program.js';
import { runCli } from './program.js';

const interruption = new AbortController();
// Once: the first signal asks for a tidy end, the second one finds no listener and kills.
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

const argv = process.argv.slice(2);
// In place of what Node prints, which is not JSON where JSON was asked for.
process.removeAllListeners('warning');
process.on('warning', (warning) => process.stderr.write(formatWarning(warning, argv.includes('--json'))));

process.exitCode = await runCli(argv, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  clock: systemClock,
  fileSystem: realFileSystem,
  openDatabase: open,
  verifyDatabase: verify,
  repairDatabase: repair,
  runProgram,
});
