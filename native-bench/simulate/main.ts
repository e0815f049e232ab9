/**
 * Fills a store of any size with the engine's own picker, over metadata alone, and says what that costs:
 * `npm run simulate -- --keys 1e10 --value 200 --workload random`.
 */
import { parseArgs } from 'node:util';
import { MIB } from '../../src/base/limits.js';
import { COMPACTION_DEFAULTS, type CompactionSettings } from '../../src/compaction/compaction-settings.js';
import { startProgress } from '../support/progress.js';
import { say } from '../support/say.js';
import { formatCount } from '../support/text-table.js';
import { formatLevels, formatReads, formatSpace } from './report.js';
import { SimulatedStore, type StoreOptions } from './simulated-store.js';
import { WORKLOAD_NAMES, type WorkloadName, workloadOf } from './workload.js';

const KEY_BYTES = 8;
/** The picker walks along whole levels: with more tables than this it takes minutes. */
const TABLES_MAX = 16_384;

const { values: flags } = parseArgs({
  options: {
    keys: { type: 'string', default: '1e9' },
    value: { type: 'string', default: '200' },
    workload: { type: 'string', default: 'random' },
    writes: { type: 'string' },
    'memtable-mib': { type: 'string', default: '64' },
  },
});

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= Number.MAX_SAFE_INTEGER))
    throw new Error(`--${flag} must be a number of 1 or more, got "${text}"`);
  return Math.round(value);
}

function workloadName(text: string): WorkloadName {
  const name = WORKLOAD_NAMES.find((each) => each === text);
  if (name === undefined) throw new Error(`--workload must be one of ${WORKLOAD_NAMES.join(', ')}, got "${text}"`);
  return name;
}

/** The engine's settings, with tables so much larger that there are not too many of them. */
function settingsFor(storeBytes: number): CompactionSettings {
  const defaults = COMPACTION_DEFAULTS;
  let scale = 1;
  while (storeBytes / (defaults.tableBytesTarget * scale) > TABLES_MAX) scale *= 2;
  return {
    ...defaults,
    tableBytesTarget: defaults.tableBytesTarget * scale,
    grandparentBytesMax: defaults.grandparentBytesMax * scale,
    compactionBytesMax: defaults.compactionBytesMax * scale,
  };
}

function fill(store: SimulatedStore, writeCount: number): void {
  const progress = startProgress('simulate', writeCount, 'writes');
  while (store.writeCount < writeCount) {
    store.flush();
    if (store.flushCount % 64 === 0) progress.update(store.writeCount);
  }
  progress.stop();
}

const keyCount = positive('keys', flags.keys);
const writeCount = positive('writes', flags.writes ?? flags.keys);
const entryBytes = KEY_BYTES + positive('value', flags.value);
const name = workloadName(flags.workload);
const settings = settingsFor(keyCount * entryBytes);
const workload = workloadOf(name, keyCount);
// In the order of their keys memtables become tables of the last level as they are: their size sets how many, and nothing else.
const memtableBytes = Math.max(
  positive('memtable-mib', flags['memtable-mib']) * MIB,
  workload.isOrdered ? settings.tableBytesTarget : 0,
);
const options: StoreOptions = { keyCount, entryBytes, memtableBytes, workload, settings };
const store = new SimulatedStore(options);
const startedAtMs = performance.now();

say(
  `${name}: ${formatCount(writeCount)} writes to ${formatCount(keyCount)} keys of ${entryBytes} bytes with their values.`,
);
say(
  `Memtables of ${memtableBytes / MIB} MiB, tables of ${settings.tableBytesTarget / MIB} MiB. The engine has 64 MiB for both; larger`,
);
say('ones keep the simulation of a large store short. No compression, no overhead of the format. Written and read:');
say('bytes for each byte of the user. Runs: sorted runs that a reader looks at, mean over time.\n');
fill(store, writeCount);
say(formatLevels(store, options));
say(`\nspace for each live byte, under load  ${formatSpace(store, options)}`);
const loadedBytes = store.writtenBytes;
store.settle();
const settlingRatio = (store.writtenBytes - loadedBytes) / (store.writeCount * entryBytes);
say(
  `space for each live byte, settled     ${formatSpace(store, options)}; that wrote ${settlingRatio.toFixed(2)} more`,
);
say(`blocks read by a point read           ${formatReads(store)}`);
say(`simulated in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
