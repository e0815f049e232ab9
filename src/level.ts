/**
 * `stemedb/level`: the engine behind the interface of abstract-level, in the place of classic-level.
 *
 *     import { StemeLevel } from 'stemedb/level';
 *
 *     const db = new StemeLevel('events.db', { valueEncoding: 'json' });
 *     await db.put('device/7', { celsius: 21.5 });
 *
 * Needs the peer dependency abstract-level 3. docs/level.md says what differs from classic-level.
 */
export { LevelError } from './level/level-error.js';
export type {
  BatchOperation,
  BatchOptions,
  ChainedBatch,
  ChainedBatchWriteOptions,
  ClearOptions,
  DatabaseOptions,
  DelOptions,
  GetManyOptions,
  GetOptions,
  HasManyOptions,
  HasOptions,
  Iterator,
  IteratorOptions,
  KeyIterator,
  KeyIteratorOptions,
  OpenOptions,
  PutOptions,
  Snapshot,
  StartEndOptions,
  ValueIterator,
  ValueIteratorOptions,
} from './level/level-types.js';
export { StemeLevel } from './level/steme-level.js';
