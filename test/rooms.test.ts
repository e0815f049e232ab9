import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breachesOf } from './support/room-rules.js';

const root = join(import.meta.dirname, '..');

function sourceFiles(): string[] {
  return ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((name) => name.endsWith('.ts')),
  );
}

function problemsOf(file: string, text: string): string[] {
  return breachesOf(file, text).map((breach) => breach.problem);
}

describe('the rooms', () => {
  it('are kept by every file in src and workers', () => {
    const breaches = sourceFiles().flatMap((file) => breachesOf(file, readFileSync(join(root, file), 'utf8')));
    expect(breaches).toEqual([]);
  });

  it('are checked over real files, not over an empty list', () => {
    expect(sourceFiles()).toContain('src/base/errors.ts');
  });
});

describe('the room rules', () => {
  it('let a file import its own room, rooms above and packages', () => {
    const text = [
      `import { a } from './pinned.js';`,
      `import type { B } from '../base/errors.js';`,
      `import { c } from '../fs/file-system.js';`,
      `import { crc32c } from '@node-rs/crc32';`,
      `export { d } from '../log/log-format.js';`,
    ].join('\n');
    expect(problemsOf('src/wal/wal-writer.ts', text)).toEqual([]);
  });

  it('refuse an import of a room below', () => {
    expect(problemsOf('src/base/bytes.ts', `import { a } from '../wal/wal-writer.js';`)).toEqual([
      'it imports ../wal/wal-writer.js: src/wal is below src/base',
    ]);
  });

  it('refuse an import of a sibling room', () => {
    expect(problemsOf('src/table/table-reader.ts', `import { a } from '../memtable/arena.js';`)).toEqual([
      'it imports ../memtable/arena.js: src/memtable is a sibling of src/table',
    ]);
    expect(problemsOf('workers/job-worker.ts', `import { a } from '../src/cli/main.js';`)).toEqual([
      'it imports ../src/cli/main.js: src/cli is a sibling of workers',
    ]);
  });

  it('let edges use the public door, and nobody else', () => {
    expect(problemsOf('src/cli/main.ts', `import { open } from '../index.js';`)).toEqual([]);
    expect(problemsOf('src/index.ts', `import { runCli } from './cli/program.js';`)).toEqual([
      'it imports ./cli/program.js: src/cli is a sibling of src/index.ts',
    ]);
    expect(problemsOf('src/engine/open.ts', `import { open } from '../index.js';`)).toEqual([
      'it imports ../index.js: src/index.ts is below src/engine',
    ]);
  });

  it.each([
    ['a type import', `import type { A } from '../engine/api.js';`],
    ['an import of names as types', `import { type A } from '../engine/api.js';`],
    ['an export from', `export * from '../engine/api.js';`],
    ['an export of a type', `export type { A } from '../engine/api.js';`],
    ['a dynamic import', `const a = await import('../engine/api.js');`],
    ['an import of a type in place', `type A = import('../engine/api.js').A;`],
    ['an import for its effect', `import '../engine/api.js';`],
    ['a require', `const a = require('../engine/api.js');`],
  ])('see %s', (_name, text) => {
    expect(problemsOf('src/jobs/flush-job.ts', text)).toEqual([
      'it imports ../engine/api.js: src/engine is below src/jobs',
    ]);
  });

  it('keep node:fs behind the real file system', () => {
    expect(problemsOf('src/fs/real-file-system.ts', `import { openSync } from 'node:fs';`)).toEqual([]);
    for (const specifier of ['node:fs', 'node:fs/promises', 'fs', 'fs/promises']) {
      const problem = `it imports ${specifier}: only src/fs/real-*.ts may`;
      expect(problemsOf('src/fs/memory-file-system.ts', `import { openSync } from '${specifier}';`)).toEqual([problem]);
      expect(problemsOf('src/cli/main.ts', `import { openSync } from '${specifier}';`)).toEqual([problem]);
    }
  });

  it('keep piscina in the runner', () => {
    expect(problemsOf('src/runner/pool.ts', `import { Piscina } from 'piscina';`)).toEqual([]);
    expect(problemsOf('src/engine/open.ts', `import { Piscina } from 'piscina';`)).toEqual([
      'it imports piscina: only src/runner may',
    ]);
  });

  it('keep abstract-level in the level room, whose door belongs to it', () => {
    expect(problemsOf('src/level/steme-level.ts', `import { AbstractLevel } from 'abstract-level';`)).toEqual([]);
    expect(problemsOf('src/level.ts', `export { StemeLevel } from './level/steme-level.js';`)).toEqual([]);
    expect(problemsOf('src/engine/open.ts', `import type { AbstractLevel } from 'abstract-level';`)).toEqual([
      'it imports abstract-level: only src/level may',
    ]);
    expect(problemsOf('src/cli/main.ts', `import { StemeLevel } from '../level.js';`)).toEqual([
      'it imports ../level.js: src/level is a sibling of src/cli',
    ]);
  });

  it.each([
    ['a value', 'export default 1;'],
    ['a function', 'export default function a() {}'],
    ['a class', 'export default class A {}'],
    ['a renamed name', 'const a = 1;\nexport { a as default };'],
  ])('refuse a default export of %s', (_name, text) => {
    expect(problemsOf('src/base/bytes.ts', text)).toEqual(['it has a default export']);
  });

  it('refuse a name that is not kebab-case', () => {
    expect(problemsOf('src/base/internalKey.ts', '')).toEqual(['its name is not kebab-case']);
    expect(problemsOf('src/base/internal_key.ts', '')).toEqual(['its name is not kebab-case']);
  });

  it('refuse a file of more than 500 lines', () => {
    expect(problemsOf('src/base/bytes.ts', '\n'.repeat(500))).toEqual([]);
    expect(problemsOf('src/base/bytes.ts', '\n'.repeat(501))).toEqual(['it has 501 lines, more than 500']);
  });

  it('refuse a file outside the known rooms, and an import of one', () => {
    expect(problemsOf('src/utils/misc.ts', '')).toEqual(['it is in no known room']);
    expect(problemsOf('src/base/bytes.ts', `import { a } from '../../native-bench/a.js';`)).toEqual([
      'it imports ../../native-bench/a.js: native-bench/a.ts is in no known room',
    ]);
  });
});
