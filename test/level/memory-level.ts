import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { DatabaseOptions } from '../../src/level.js';
import { StemeLevel } from '../../src/level.js';
import { openForTest } from '../../src/testing.js';
import { DIRECTORY } from '../support/test-database.js';

/** A `StemeLevel` on a disk in memory, with memtables and blocks so small that tables are written and read. */
export class MemoryLevel<KDefault = string, VDefault = string> extends StemeLevel<KDefault, VDefault> {
  readonly #fileSystem: FileSystem;

  constructor(options?: DatabaseOptions<KDefault, VDefault>, fileSystem: FileSystem = new MemoryFileSystem()) {
    super(DIRECTORY, options);
    this.#fileSystem = fileSystem;
  }

  protected override openDatabase(location: string, options: Options): Promise<Database> {
    const small: Options = { walSync: 'fdatasync', memtableBytes: 4096, blockBytes: 64 };
    return openForTest(this.#fileSystem, location, { ...small, ...options });
  }
}
