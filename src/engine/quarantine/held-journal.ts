import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';

/** A journal of which no segment goes until it is released. */
export interface HeldJournal {
  readonly journal: QuarantineJournal;
  /** Never rejects. */
  readonly release: () => Promise<void>;
}
