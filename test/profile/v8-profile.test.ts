import { describe, expect, it } from 'vitest';
import { frameLabel } from '../../src/profile/frame.js';
import { cpuThread, heapThread } from '../../src/profile/v8-profile.js';

const PATHS = { engineRoots: ['/p/dist/'], programRoot: '/app' };

function callFrame(functionName: string, url = '', lineNumber = 0) {
  return { functionName, url, lineNumber };
}

describe('a profile of V8', () => {
  it('of time gives each sample the time until the next, and waiting apart', () => {
    const thread = cpuThread(
      'worker 1',
      {
        startTime: 100,
        endTime: 1100,
        nodes: [
          { id: 1, callFrame: callFrame('(root)'), children: [2, 3] },
          { id: 2, callFrame: callFrame('main', 'file:///app/a.js', 4), children: [4] },
          { id: 3, callFrame: callFrame('(idle)') },
          { id: 4, callFrame: callFrame('get', 'file:///p/dist/src/engine/steme-database.js', 9) },
        ],
        samples: [2, 4, 3, 4],
        timeDeltas: [0, 100, 200, 300],
      },
      PATHS,
    );
    expect(thread.waitingWeight).toBe(300);
    const labels = thread.stacks.map(({ frames, weight }) => `${frames.map(frameLabel).join(';')} ${weight}`);
    expect(labels).toEqual(['main a.js:5 100', 'main a.js:5;get src/engine/steme-database.js:10 600']);
  });

  it('without samples is empty', () => {
    expect(cpuThread('t', { startTime: 0, endTime: 5, nodes: [] }, PATHS).stacks).toEqual([]);
  });

  it('of the heap gives each function what it allocated itself', () => {
    const thread = heapThread(
      't',
      {
        head: {
          callFrame: callFrame('(root)'),
          selfSize: 0,
          children: [
            {
              callFrame: callFrame('main', 'file:///app/a.js', 0),
              selfSize: 10,
              children: [{ callFrame: callFrame('alloc', 'node:buffer', 1), selfSize: 90, children: [] }],
            },
          ],
        },
      },
      PATHS,
    );
    const labels = thread.stacks.map(({ frames, weight }) => `${frames.map(frameLabel).join(';')} ${weight}`);
    expect(labels).toEqual(['main a.js:1 10', 'main a.js:1;alloc node:buffer:2 90']);
  });
});
