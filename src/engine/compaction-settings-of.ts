import { COMPACTION_DEFAULTS, type CompactionSettings } from '../compaction/compaction-settings.js';
import type { ResolvedOptions } from './options.js';

const GRANDPARENT_TABLES_MAX = 10;
const COMPACTION_TABLES_MAX = 25;

/** The policy for these options: what is counted in tables follows the size of a table. */
export function compactionSettingsOf({ tableBytes, baseLevelBytes }: ResolvedOptions): CompactionSettings {
  return {
    ...COMPACTION_DEFAULTS,
    tableBytesTarget: tableBytes,
    baseBytesMax: baseLevelBytes,
    grandparentBytesMax: GRANDPARENT_TABLES_MAX * tableBytes,
    compactionBytesMax: COMPACTION_TABLES_MAX * tableBytes,
  };
}
