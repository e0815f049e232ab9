/** One part of the benchmark, in a process of its own: what one part leaves in memory is not measured in another. Reports its rows. */

import { report } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { measureAppends } from './appends.js';
import { measureLookups } from './lookups.js';
import type { PartName, Sizes } from './parts.js';
import { measureReplay } from './replay.js';
import { measureTenants } from './tenants.js';

const [name, json] = process.argv.slice(2);
const { seconds, rounds, entries, segments, tenants } = JSON.parse(json) as Sizes;
const engine = await loadEngine();

const parts: Record<PartName, (directory: string) => Promise<string[][]>> = {
  appends: (directory) => measureAppends(engine, directory, { seconds, rounds }),
  replay: (directory) => measureReplay(engine, directory, entries),
  lookups: (directory) => measureLookups(directory, segments),
  tenants: (directory) => measureTenants(engine, directory, tenants),
};

const directory = emptyWorkDirectory(`bench-quarantine-${name}.db`);
try {
  report(JSON.stringify(await parts[name as PartName](directory)));
} finally {
  removeWorkDirectory(directory);
}
