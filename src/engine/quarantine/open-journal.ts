import { join } from 'node:path';
import { QUARANTINE_DIRECTORY } from '../../quarantine/journal-files.js';
import { findJournalId } from '../../quarantine/journal-id.js';
import { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { EngineParts } from '../engine.js';
import { segmentLimitsOf, settingsOf } from './retention.js';

type JournalParts = Pick<EngineParts, 'directory' | 'environment' | 'options' | 'versions'>;

export function hasJournal({ directory, environment }: JournalParts): Promise<boolean> {
  return environment.fileSystem.exists(join(directory, QUARANTINE_DIRECTORY));
}

/** Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function openJournal({
  directory,
  environment,
  options,
  versions,
}: JournalParts): Promise<QuarantineJournal> {
  const { fileSystem, clock, timers, onWarning, logSpaceBytes, journalSizes } = environment;
  const databaseId = (await findJournalId(fileSystem, directory, versions.databaseId)) ?? versions.databaseId;
  const { segmentBytesMax = logSpaceBytes, ...sizes } = journalSizes ?? {};
  const isReadOnly = options.readOnly;
  return QuarantineJournal.open({
    fileSystem,
    directory,
    databaseId,
    clock,
    timers,
    isReadOnly,
    onWarning,
    segmentLimitsOf: (tenant) => ({
      ...segmentLimitsOf(settingsOf(options.quarantine, tenant)),
      ...(segmentBytesMax !== undefined && { fileBytesMax: segmentBytesMax }),
    }),
    ...sizes,
    ...(logSpaceBytes !== undefined && { intakeBytes: logSpaceBytes, intakeInitialBytes: logSpaceBytes }),
  });
}
