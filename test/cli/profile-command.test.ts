import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectWellFormed } from '../profile/well-formed.js';
import { steme, temporaryDirectory } from './cli-harness.js';

const INDEX_URL = new URL('../../src/index.ts', import.meta.url).href;

/** A program that uses the engine, and ends by `ending`. */
async function program(ending: string): Promise<{ directory: string; app: string; out: string }> {
  const directory = await temporaryDirectory();
  const app = join(directory, 'tiny-app.mjs');
  const lines = [
    `import { open } from ${JSON.stringify(INDEX_URL)};`,
    `const db = await open(${JSON.stringify(join(directory, 'db'))}, { memtableBytes: 64 * 1024, threads: 1 });`,
    'for (let i = 0; i < 60; i++) {',
    '  const put = (j) => ({ type: "put", key: i + " " + j, value: Buffer.alloc(100) });',
    '  await db.batch(Array.from({ length: 100 }, (_, j) => put(j)));',
    '}',
    'await db.flush();',
    'if (process.env.STEME_PROFILE !== undefined || /preload/.test(process.env.NODE_OPTIONS)) process.exit(99);',
    ending,
  ];
  await writeFile(app, lines.join('\n'));
  return { directory, app, out: join(directory, 'out.svg') };
}

describe('steme profile', () => {
  it('draws a program that closes its database: both threads, the phases, no path of this machine', async () => {
    const { directory, app, out } = await program('await db.close();');
    const { exitCode, stdout, stderr } = await steme(['profile', '--out', out, '--', process.execPath, app]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toMatch(/out\.svg written: .* in \d threads: /);
    const svg = await readFile(out, 'utf8');
    expectWellFormed(svg);
    for (const text of ['opening thread', 'worker 1', 'flush', 'tiny-app.mjs']) expect(svg).toContain(text);
    expect(svg).not.toContain(directory);
    expect((await readdir(directory)).sort()).toEqual(['db', 'out.svg', 'tiny-app.mjs']);
  });

  it('draws a program that ends itself in the middle, and hands its exit code on', async () => {
    const { app, out } = await program('process.exit(7);');
    const profile = out.replace('.svg', '.json');
    const run = await steme(['profile', '--json', '--kind', 'alloc', '--out', profile, '--', process.execPath, app]);
    expect(run.exitCode).toBe(7);
    expect(JSON.parse(run.stderr)).toMatchObject({
      kind: 'alloc',
      unit: 'bytes',
      threads: expect.arrayContaining(['opening thread', 'worker 1']),
    });
    const diff = await steme(['profile', '--out', out, '--diff', profile, profile]);
    expect(diff).toMatchObject({ exitCode: 0 });
    expectWellFormed(await readFile(out, 'utf8'));
  });

  it('draws a program that a signal kills', async () => {
    const { app, out } = await program('process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);');
    const { exitCode } = await steme(['profile', '--out', out, '--', process.execPath, app]);
    expect(exitCode).toBe(143);
    expectWellFormed(await readFile(out, 'utf8'));
  });

  it('takes a part of a program that goes on', async () => {
    const { app, out } = await program('setTimeout(() => db.close(), 1500);');
    const { exitCode, stderr } = await steme([
      'profile',
      '--seconds',
      '0.5',
      '--out',
      out,
      '--',
      process.execPath,
      app,
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('out.svg written');
  });

  it.each([
    [['profile'], 'there is no program to profile'],
    [['profile', '--out', 'x.png', '--', 'node'], '--out must end in .svg, a graph, or in .json, to compare it later'],
    [['profile', '--kind', 'io', '--', 'node'], '--kind'],
    [['profile', '--seconds', '0', '--', 'node'], 'It must be 0.01 to 3600.'],
    [['profile', '--diff', 'a.json'], '--diff takes two saved profiles'],
  ])('refuses %j', async (argv, problem) => {
    const { exitCode, stderr } = await steme(argv);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(problem);
  });

  it('says which command cannot be run, and which program left nothing', async () => {
    const out = join(await temporaryDirectory(), 'x.svg');
    expect(await steme(['profile', '--out', out, '--', 'no-such-command'])).toMatchObject({ exitCode: 1 });
    const { exitCode, stderr } = await steme(['profile', '--out', out, '--', 'true']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('left no profile') });
  });
});
