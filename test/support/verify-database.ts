import { type VerifyOptions, verifyWith } from '../../src/engine/verify/verify.js';
import type { VerifyReport } from '../../src/engine/verify/verify-report.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { testEnvironment } from '../../src/testing.js';
import { settles } from './settles.js';
import { DIRECTORY } from './test-database.js';

export function verifyOn(fileSystem: FileSystem, options: VerifyOptions = {}): Promise<VerifyReport> {
  return settles('the verification', verifyWith(DIRECTORY, { threads: 1, ...options }, testEnvironment(fileSystem)));
}
