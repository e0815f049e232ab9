/**
 * The benchmark of the quarantine, beside its goals:
 *
 *   durable appends   64 writers over 100 tenants, by turns with 64 writers of the log
 *   replay            small entries into the tree, each with its mark
 *   look-up           an id among many segments of one tenant: how many are opened that do not hold it
 *   tenants           so many that each has a few entries: memory and open files
 */
import { parseArgs } from 'node:util';
import { loadEngine } from '../support/engine.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { say } from '../support/say.js';
import { formatTable } from '../support/text-table.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { measureAppends } from './appends.js';
import { measureLookups } from './lookups.js';
import { measureReplay } from './replay.js';
import { measureTenants } from './tenants.js';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    entries: { type: 'string', default: '500000' },
    segments: { type: 'string', default: '10000' },
    tenants: { type: 'string', default: '10000' },
    only: { type: 'string' },
  },
});

const engine = await loadEngine();

interface Part {
  readonly name: string;
  readonly run: (directory: string) => Promise<string[][]>;
}

const PARTS: readonly Part[] = [
  {
    name: 'appends',
    run: (directory) =>
      measureAppends(engine, directory, {
        seconds: wholeNumber('seconds', flags.seconds),
        rounds: wholeNumber('rounds', flags.rounds),
      }),
  },
  { name: 'replay', run: (directory) => measureReplay(engine, directory, wholeNumber('entries', flags.entries)) },
  { name: 'lookups', run: (directory) => measureLookups(directory, wholeNumber('segments', flags.segments)) },
  { name: 'tenants', run: (directory) => measureTenants(engine, directory, wholeNumber('tenants', flags.tenants)) },
];

noteWhatMisleads();
const parts = PARTS.filter(({ name }) => flags.only === undefined || flags.only === name);
if (parts.length === 0) throw new Error(`--only must be one of ${PARTS.map(({ name }) => name).join(', ')}`);
const table: string[][] = [['what', 'measured', 'goal', '']];
for (const { name, run } of parts) {
  const directory = emptyWorkDirectory(`bench-quarantine-${name}.db`);
  try {
    table.push(...(await run(directory)));
  } finally {
    removeWorkDirectory(directory);
  }
}
say(formatTable(table));
