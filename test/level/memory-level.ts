import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { DatabaseOptions } from '../../src/level.js';
import { StemeLevel } from '../../src/level.js';
import type { Environment } from '../../src/testing.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { DIRECTORY } from '../support/test-database.js';

/** A `StemeLevel` on a disk in memory, with memtables and blocks so small that tables are written and read. */
export class MemoryLevel<KDefault = string, VDefault = string> extends StemeLevel<KDefault, VDefault> {
  readonly #environment: Environment;

  /** Without `world` on a disk of its own. */
  constructor(options?: DatabaseOptions<KDefault, VDefault>, world: Partial<Environment> = {}) {
    super(DIRECTORY, options);
    this.#environment = testEnvironment(world.fileSystem ?? new MemoryFileSystem(), world);
  }

  protected override openDatabase(location: string, options: Options): Promise<Database> {
    const small: Options = { walSync: 'fdatasync', memtableBytes: 4096, blockBytes: 64 };
    return openWith(location, { ...small, ...options }, this.#environment);
  }
}

/** What the engine below is asked for. */
export class RecordingLevel extends MemoryLevel {
  readonly opened: Options[] = [];

  protected override openDatabase(location: string, options: Options): Promise<Database> {
    this.opened.push(options);
    return super.openDatabase(location, options);
  }
}
