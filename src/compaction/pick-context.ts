import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { CompactionSettings } from './compaction-settings.js';
import { type LevelTargets, levelTargets } from './level-targets.js';
import { wastedBlobs } from './rewritten-blobs.js';
import type { TreeShape } from './tree-shape.js';

/** What all reasons look at, derived once for each choice. */
export interface PickContext {
  readonly shape: TreeShape;
  readonly settings: CompactionSettings;
  readonly targets: LevelTargets;
  readonly wastedBlobs: ReadonlyMap<number, BlobMetadata>;
}

export function pickContext(shape: TreeShape, settings: CompactionSettings): PickContext {
  return {
    shape,
    settings,
    targets: levelTargets(shape.levels, settings),
    wastedBlobs: wastedBlobs(shape, settings),
  };
}
