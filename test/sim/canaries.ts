/** A way to break one law: in `file` the text `find`, which must stand there exactly once, becomes `replace`. */
export interface Canary {
  readonly name: string;
  readonly law: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The simulation is worth as much as what it catches: each of these is a tree of sources with one law broken on purpose. */
export const CANARIES: readonly Canary[] = [
  {
    name: 'ack-before-sync',
    law: 'law 1: a write is acknowledged while its sync is under way',
    file: 'src/wal/wal-writer.ts',
    find: '      await this.#segment.sync();\n',
    replace: '      void this.#segment.sync().catch(() => undefined);\n',
  },
  {
    name: 'missing-directory-sync',
    law: 'order: the names of tables are not durable when the manifest names them',
    file: 'src/jobs/run-job.ts',
    find: '    fileSystem.syncDirectorySync(job.settings.directory);\n',
    replace: '',
  },
  {
    name: 'publish-before-persist',
    law: 'order: a version is published, and what it no longer needs removed, while its edit is on its way to the disk',
    file: 'src/version/version-set.ts',
    find: '      else await this.#manifest?.append({ ...edit, nextFileNumber: next.nextFileNumber });\n',
    replace:
      '      else void this.#manifest?.append({ ...edit, nextFileNumber: next.nextFileNumber }).catch(() => undefined);\n',
  },
  {
    name: 'flush-of-undurable-records',
    law: 'law 7: a memtable is flushed while its records may still fail in the log',
    file: 'src/engine/flush-step.ts',
    find: '  const logNumber = await slot.nextSegment;\n',
    replace: '  const logNumber = undefined;\n',
  },
  {
    name: 'stale-segment-accepted',
    law: 'law 5: what an earlier life of a recycled segment left is taken for records of this one',
    file: 'src/log/log-format.ts',
    find: '  writeUint64(seed, 4, number);\n',
    replace: '  writeUint64(seed, 4, number * 0);\n',
  },
];

/** The tree with the canary in it. A text that is not there just once is an error: the canary would break something else, or nothing. */
export function breakSource({ name, file, find, replace }: Canary, text: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1)
    throw new Error(`canary ${name}: its text stands ${count} times in ${file}; adjust test/sim/canaries.ts`);
  return text.replace(find, () => replace);
}
