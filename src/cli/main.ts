#!/usr/bin/env node
import { systemClock } from '../base/clock.js';
import { realFileSystem } from '../fs/real-file-system.js';
import { open } from '../index.js';
import { runCli } from './program.js';

const interruption = new AbortController();
// Once: the first signal asks for a tidy end, the second one finds no listener and kills.
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption.signal,
  clock: systemClock,
  fileSystem: realFileSystem,
  openDatabase: open,
});
