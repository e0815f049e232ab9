import { join } from 'node:path';
import type { FileSystem } from '../fs/file-system.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import { LogWriter } from '../log/log-writer.js';
import { intakeName } from './journal-files.js';
import { encodeJournalHeader, JOURNAL_INTAKE, type JournalHeader, journalIdentity } from './journal-header.js';

/**
 * An intake file without entries in `directory`, that of the quarantine. It says what the next entry is called, and where the file before it
 * ends. Durable when it resolves. Errors: STEME_IO.
 */
export async function writeEmptyIntake(
  fileSystem: FileSystem,
  directory: string,
  fields: Pick<JournalHeader, 'databaseId' | 'number' | 'firstEntry' | 'predecessorEndBytes' | 'createdAtMs'>,
): Promise<void> {
  const header: JournalHeader = {
    ...fields,
    kind: JOURNAL_INTAKE,
    alignmentBytes: FRAME_ALIGNMENT_BYTES,
    tenant: '',
  };
  const writer = await LogWriter.create(fileSystem, join(directory, intakeName(header.number)), {
    identity: journalIdentity(header),
    header: encodeJournalHeader(header),
  });
  try {
    await writer.sync();
  } finally {
    await writer.close();
  }
  await fileSystem.syncDirectory(directory);
}
