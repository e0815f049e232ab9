/** The ingest of the benchmark in one process and nothing else: what `npm run flame` looks at unless it is told otherwise. */
import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { ingestAsync } from './async-ingest.js';
import { BenchData } from './bench-data.js';
import { openStemeDb } from './stemedb-engine.js';

const RECORDS = 3_000_000;

const directory = emptyWorkDirectory('profile.db');
const engine = await openStemeDb(directory);
const startMs = performance.now();
await ingestAsync(engine, new BenchData(1), RECORDS);
const seconds = (performance.now() - startMs) / 1000;
process.stdout.write(`${RECORDS} records in ${seconds.toFixed(1)} s\n`);
await engine.close();
removeWorkDirectory(directory);
