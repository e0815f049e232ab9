import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { OpenDatabase } from '../../src/cli/cli-environment.js';
import { formatReport, reportOf } from '../../src/cli/error-report.js';
import { steme } from './cli-harness.js';

describe('steme', () => {
  it('explains itself, with its exit codes', async () => {
    const { exitCode, stdout, stderr } = await steme(['--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const word of ['ingest', 'get', 'scan', 'stats', 'Exit codes:', '130']) expect(stdout).toContain(word);
  });

  it('explains every command', async () => {
    for (const command of ['ingest', 'get', 'scan', 'stats']) {
      const { exitCode, stdout } = await steme([command, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('--db <dir>');
      expect(stdout).toContain('--json');
    }
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    expect(await steme(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['frobnicate'], "steme: unknown command 'frobnicate'"],
    [['scna', '--db', 'x'], "steme: unknown command 'scna'\n(Did you mean scan?)"],
    [['stats'], "steme: required option '--db <dir>' not specified"],
    [['get', '--db', 'x'], "steme: missing required argument 'KEY'"],
    [['get', '--db', 'x', 'a', 'b'], 'steme: too many arguments'],
    [['scan', '--db', 'x', '--frob'], "steme: unknown option '--frob'"],
    [
      ['scan', '--db', 'x', '--limit', '-1'],
      "steme: option '--limit <entries>' argument '-1' is invalid. It must be a whole number.",
    ],
    [['ingest', 'x', '--db', 'x', '--format', 'xml'], "steme: option '--format <format>' argument 'xml' is invalid."],
    [['ingest', 'x', '--db', 'x', '--batch', '0'], "steme: option '--batch <records>' argument '0' is invalid."],
  ])('takes %j as wrong usage, and says what is wrong', async (argv, message) => {
    const { exitCode, stdout, stderr } = await steme(argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain('--help');
  });

  it('prints its help when it is asked for nothing', async () => {
    const { exitCode, stderr } = await steme([]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Usage: steme');
  });

  it.each([['ingest', '-'], ['compact'], ['stats'], ['quarantine', 'replay']])(
    'removes nothing from the quarantine by age: %s %s',
    async (...words) => {
      const retentions: (number | undefined)[] = [];
      const openDatabase: OpenDatabase = (_directory, options) => {
        retentions.push(options?.quarantine?.retentionMs);
        return Promise.reject(new StemeError('STEME_IO', 'no disk'));
      };
      await steme([...words.filter((word) => word !== undefined), '--db', 'x'], { openDatabase });
      expect(retentions).toEqual([0]);
    },
  );

  it('prints stacks only when asked to', async () => {
    const openDatabase = () => Promise.reject(new StemeError('STEME_IO', 'no disk', { cause: new Error('deep down') }));
    const quiet = await steme(['stats', '--db', 'x'], { openDatabase });
    expect(quiet).toEqual({ exitCode: 1, stdout: '', stderr: 'steme: no disk\n' });
    const loud = await steme(['stats', '--db', 'x', '--debug'], { openDatabase });
    expect(loud.stderr).toContain('deep down');
    expect(loud.stderr).toContain('program.test.ts');
  });
});

describe('an error report', () => {
  it('gives a hint where the operating system said what is wrong', () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const report = reportOf(new StemeError('STEME_IO', 'cannot write x', { cause: full }));
    expect(report).toMatchObject({
      code: 'STEME_IO',
      exitCode: 1,
      hint: 'free some space and run the same command again',
    });
    expect(formatReport(report, false)).toBe(
      'steme: cannot write x\nhint: free some space and run the same command again\n',
    );
    expect(JSON.parse(formatReport(report, true))).toEqual({
      error: { code: 'STEME_IO', message: 'cannot write x', hint: 'free some space and run the same command again' },
    });
  });

  it('stays one line and calls a bug a bug', () => {
    const report = reportOf(new TypeError('x is\nundefined'));
    expect(report).toMatchObject({ code: 'UNEXPECTED', exitCode: 1 });
    expect(formatReport(report, false)).toBe('steme: x is undefined\nhint: run it again with --debug for details\n');
  });
});
