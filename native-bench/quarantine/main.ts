/**
 * The benchmark of the quarantine, beside its goals, each part in a process of its own:
 *
 *   appends   durable ones of 64 writers over 100 tenants, by turns with 64 writers of the log
 *   replay    small entries into the tree, each with its mark
 *   lookups   an id among many segments of one tenant: how many are opened that do not hold it
 *   tenants   so many that each has a few entries: memory and open files
 */
import { parseArgs } from 'node:util';
import { startChild } from '../support/child-process.js';
import { wholeNumber } from '../support/flags.js';
import { noteWhatMisleads } from '../support/misleading-figures.js';
import { say } from '../support/say.js';
import { formatTable } from '../support/text-table.js';
import { PART_NAMES, type PartName, type Sizes } from './parts.js';

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

const sizes: Sizes = {
  seconds: wholeNumber('seconds', flags.seconds),
  rounds: wholeNumber('rounds', flags.rounds),
  entries: wholeNumber('entries', flags.entries),
  segments: wholeNumber('segments', flags.segments),
  tenants: wholeNumber('tenants', flags.tenants),
};

async function measure(name: PartName): Promise<string[][]> {
  const rows: string[][] = [];
  const child = startChild(new URL('part.ts', import.meta.url), {
    arguments: [name, JSON.stringify(sizes)],
    onReport: (line) => rows.push(...(JSON.parse(line) as string[][])),
  });
  const { code, signal } = await child.ended;
  if (code !== 0) throw new Error(`the part ${name} ended with ${signal ?? `exit code ${code}`}`);
  return rows;
}

noteWhatMisleads();
const names = PART_NAMES.filter((name) => flags.only === undefined || flags.only === name);
if (names.length === 0) throw new Error(`--only must be one of ${PART_NAMES.join(', ')}`);
const table: string[][] = [['what', 'measured', 'goal', '']];
for (const name of names) table.push(...(await measure(name)));
say(formatTable(table));
