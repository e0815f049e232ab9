import type { OpenDatabase } from './cli-environment.js';

/** Commands remove nothing from a quarantine by age: how long it keeps entries is for the program to say whose database it is. */
export function keepingQuarantine(openDatabase: OpenDatabase): OpenDatabase {
  return (directory, options) => openDatabase(directory, { ...options, quarantine: { retentionMs: 0 } });
}
