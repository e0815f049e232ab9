import { AbstractSnapshot } from 'abstract-level';
import type { ReadOptions, Snapshot } from '../engine/api.js';
import { LevelError } from './level-error.js';

/** Its types leave the constructor out: whoever implements a database calls it with the owner. */
const SnapshotBase = AbstractSnapshot as unknown as new (options: SnapshotOptions) => AbstractSnapshot;

export interface SnapshotOptions {
  /** The database, or the sublevel of it, that closes the snapshot when it is closed. */
  readonly owner: object;
}

/** An explicit snapshot: a moment of the engine, with Level's counting of who still reads from it. */
export class LevelSnapshot extends SnapshotBase {
  readonly #moment: Snapshot;

  constructor(moment: Snapshot, options: SnapshotOptions) {
    super(options);
    this.#moment = moment;
  }

  /** What a read that was given `snapshot`, or none, asks the engine for. Errors: LEVEL_SNAPSHOT_NOT_OPEN. */
  static readOptions(snapshot: AbstractSnapshot | undefined): ReadOptions | undefined {
    if (snapshot === undefined || snapshot === null) return undefined;
    if (!(snapshot instanceof LevelSnapshot)) throw new TypeError('The snapshot is of another kind of database');
    if (snapshot.#moment.isClosed) throw new LevelError('LEVEL_SNAPSHOT_NOT_OPEN', 'Snapshot is not open');
    return { snapshot: snapshot.#moment };
  }

  _close(): Promise<void> {
    this.#moment.close();
    return Promise.resolve();
  }
}
