import type { EngineName } from '../peers/bench-engine.js';
import type { ElsewhereWrite } from './workload.js';

/** What the process is told that writes for a workload and may be killed. */
export interface WriterTask extends ElsewhereWrite {
  readonly engine: EngineName;
  readonly directory: string;
  readonly seed: number;
  readonly valueBytes: number;
}

/** Its one report: all is acknowledged (and closed, if it was told so). */
export const WRITTEN = 'written';
