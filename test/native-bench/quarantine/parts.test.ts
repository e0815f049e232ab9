import { describe, expect, it } from 'vitest';
import { measureAppends } from '../../../native-bench/quarantine/appends.js';
import { measureLookups } from '../../../native-bench/quarantine/lookups.js';
import { measureReplay } from '../../../native-bench/quarantine/replay.js';
import { measureTenants } from '../../../native-bench/quarantine/tenants.js';
import * as engine from '../../../src/index.js';
import { temporaryDirectory } from '../../cli/cli-harness.js';

/** Each goes through all that the long run does, and checks what it read or wrote; how fast that was is not looked at here. */
describe('the benchmark of the quarantine, in small', () => {
  it('measures appends beside puts', async () => {
    const rows = await measureAppends(engine, await temporaryDirectory(), { seconds: 0.1, rounds: 1 });
    expect(rows.map(([, measured]) => measured)).toEqual([
      expect.stringMatching(/^[\d,]+ \/s \(\w+\)$/),
      expect.stringMatching(/^[\d,]+ \/s \(\w+\)$/),
      expect.stringMatching(/^\d+\.\d\d$/),
    ]);
  });

  it('measures a replay', async () => {
    const [row] = await measureReplay(engine, await temporaryDirectory(), 1000);
    expect(row[1]).toMatch(/^[\d,]+ \/s$/);
  });

  it('counts the segments that a look-up opens in vain', async () => {
    const [row] = await measureLookups(await temporaryDirectory(), 40);
    expect(row.slice(1)).toEqual([expect.stringMatching(/^[012]$/), '<= 2', 'met']);
  });

  it('measures memory and files of many tenants', async () => {
    const rows = await measureTenants(engine, await temporaryDirectory(), 30);
    expect(rows.map(([what]) => what)).toEqual([
      '30 tenants: memory (RSS), at most',
      '30 tenants: open files, at most',
    ]);
  });
});
