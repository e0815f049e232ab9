import type { Database } from './api.js';
import type { Environment } from './environment.js';
import { openEngine } from './open-engine.js';
import type { Options } from './options.js';
import { StemeDatabase } from './steme-database.js';

/** `open` with the outside world handed in. */
export async function openWith(directory: string, options: Options, environment: Environment): Promise<Database> {
  const database = new StemeDatabase(await openEngine(directory, options, environment));
  void database.resumeQuarantine();
  return database;
}
