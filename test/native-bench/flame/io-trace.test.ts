import { describe, expect, it } from 'vitest';
import { fileKind, ioTable, isWithin, stackOfCall, type TracedCall } from '../../../native-bench/flame/io-trace.js';
import { parseBlockedCall } from '../../../native-bench/flame/strace-lines.js';
import { frameLabel } from '../../../src/profile/frame.js';
import { phaseOf } from '../../../src/profile/phase.js';

const PATHS = { engineRoots: ['/p/dist/'], programRoot: '/p' };

function call(fields: Partial<TracedCall>): TracedCall {
  const frames = [
    ['append', 'file:///p/dist/src/fs/staged-file.js', 5],
    ['runFlush', 'file:///p/dist/src/jobs/flush-job.js', 9],
  ] as const;
  return { operation: 'write', name: '000003.sst', atNs: 5, us: 100, bytes: 4096, frames, ...fields };
}

describe('a traced call', () => {
  it('stands below its phase as operation, kind of file and JavaScript', () => {
    const { frames, weight } = stackOfCall(call({}), 'bytes', PATHS);
    expect(frames.map(frameLabel)).toEqual([
      'write',
      'table files',
      'runFlush src/jobs/flush-job.js:9',
      'append src/fs/staged-file.js:5',
    ]);
    expect(phaseOf(frames)).toBe('flush');
    expect(weight).toBe(4096);
    expect(stackOfCall(call({}), 'time', PATHS).weight).toBe(100);
  });

  it('counts while it was measured', () => {
    expect(isWithin(call({ atNs: 5 }), { startNs: 5, endNs: 6 })).toBe(true);
    expect(isWithin(call({ atNs: 7 }), { startNs: 5, endNs: 6 })).toBe(false);
  });

  it('is on a kind of file', () => {
    const kinds = ['000002.log', '000004.recycled', 'MANIFEST-000001', 'CURRENT', 'db', 'x.tmp'].map(fileKind);
    expect(kinds).toEqual(['log', 'log', 'manifest', 'current', 'directory', 'other']);
  });
});

describe('the table', () => {
  it('has a row for each phase, operation and kind of file, the longest first', () => {
    const calls = [call({ us: 1 }), call({ us: 3 }), call({ operation: 'fdatasync', bytes: 0, us: 900 })];
    expect(ioTable(calls, PATHS).slice(1)).toEqual([
      ['flush', 'fdatasync', 'table', '1', '0 B', '900 µs', '900 µs', '900 µs', '900 µs'],
      ['flush', 'write', 'table', '2', '8.19 kB', '4.00 µs', '3.00 µs', '3.00 µs', '3.00 µs'],
    ]);
  });
});

describe('a line of strace', () => {
  it.each([
    ['1764122000.5 fdatasync(21</x/db/000002.log>) = 0 <0.000164>', 'fdatasync', 'log files', 164],
    ['1764122000.5 epoll_wait(14<anon_inode:[eventpoll]>, [], 1024, 0) = 0 <0.000005>', 'epoll_wait', 'anon_inode', 5],
    ['1764122000.5 rename("/a", "/b") = 0 <0.000010>', 'rename', 'no file', 10],
  ])('%s', (line, name, file, us) => {
    const parsed = parseBlockedCall(line);
    expect(parsed).toMatchObject({ atS: 1_764_122_000.5, call: name, file });
    expect(parsed?.us).toBeCloseTo(us);
  });

  it('that is none says nothing', () => {
    expect(parseBlockedCall('1764122000.5 write(1, "x", 1 <unfinished ...>')).toBeUndefined();
  });
});
