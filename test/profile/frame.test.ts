import { describe, expect, it } from 'vitest';
import { type FramePaths, frameLabel, jsFrame } from '../../src/profile/frame.js';

const PATHS: FramePaths = { engineRoots: ['/home/me/stemedb/dist/'], programRoot: '/home/me/app' };

describe('a frame', () => {
  it.each([
    ['file:///home/me/stemedb/dist/src/wal/wal-writer.js', 'engine', 'src/wal/wal-writer.js'],
    ['/home/me/stemedb/dist/workers/job-worker.js', 'engine', 'workers/job-worker.js'],
    ['file:///srv/x/node_modules/stemedb/dist/src/engine/engine.js', 'engine', 'src/engine/engine.js'],
    ['file:///home/me/stemedb/dist/node_modules/a/index.js', 'package', 'a/index.js'],
    ['/home/me/app/node_modules/@a/b/node_modules/c/d.js', 'package', 'c/d.js'],
    ['file:///home/me/app/server.mjs', 'program', 'server.mjs'],
    ['file:///home/me/app/my%20code/x.js?v=2', 'program', 'my code/x.js'],
    ['file:///home/somebody/else.js', 'program', 'else.js'],
    ['/home/me/application.js', 'program', 'application.js'],
    ['node:fs', 'node', 'node:fs'],
  ])('of %s is %s code in %s', (url, origin, file) => {
    expect(jsFrame('f', url, 3, PATHS)).toEqual({ name: 'f', origin, file, line: 3 });
  });

  it('is native without a place', () => {
    // Functions of JavaScript itself, of names that every object knows.
    for (const name of ['constructor', 'toString', 'valueOf', '__proto__']) {
      expect(jsFrame(name, '', 0, PATHS)).toEqual({ name, origin: 'native', file: '', line: 0 });
    }
    expect(jsFrame('wait', '', 1, PATHS)).toEqual({ name: 'wait', origin: 'native', file: '', line: 0 });
    expect(jsFrame('f', 'wasm://wasm/abc', 1, PATHS).origin).toBe('native');
  });

  it('of V8 itself is told from a function of that name', () => {
    expect(jsFrame('(idle)', '', 0, PATHS).origin).toBe('waiting');
    expect(jsFrame('(garbage collector)', '', 0, PATHS).origin).toBe('collector');
    expect(jsFrame('(idle)', 'file:///home/me/app/a.js', 1, PATHS).origin).toBe('program');
  });

  it('stands in a graph with its place', () => {
    expect(frameLabel(jsFrame('merge', 'file:///home/me/stemedb/dist/src/read/merge.js', 12, PATHS))).toBe(
      'merge src/read/merge.js:12',
    );
    expect(frameLabel(jsFrame('', 'file:///home/me/app/a.js', 1, PATHS))).toBe('anonymous a.js:1');
    expect(frameLabel(jsFrame('wait', '', 0, PATHS))).toBe('wait');
  });
});
