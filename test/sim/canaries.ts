import type { Focus } from './draw-steps.js';

/** A way to break one law: in `file` the text `find`, which must stand there exactly once, becomes `replace`. */
export interface Canary {
  readonly name: string;
  /** Steps about it show it. Default: those of the tree. */
  readonly focus?: Focus;
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
  {
    name: 'intake-ack-before-sync',
    focus: 'quarantine',
    law: 'law 1: an entry is acknowledged while the sync of the intake is under way',
    file: 'src/quarantine/intake-writer.ts',
    find: '    if (!this.#options.isDirect) await synced(file.handle.datasync());\n',
    replace: '    if (!this.#options.isDirect) void file.handle.datasync().catch(() => undefined);\n',
  },
  {
    name: 'intake-given-back-early',
    focus: 'quarantine',
    law: 'order: an intake file is given back before its entries are in the segments',
    file: 'src/quarantine/quarantine-journal.ts',
    find: '    await this.#tenants.settle();\n' + '    await this.#intake.giveBackBefore(current);\n',
    replace: '    await this.#intake.giveBackBefore(current);\n' + '    await this.#tenants.settle();\n',
  },
  {
    name: 'tenant-without-a-durable-name',
    focus: 'quarantine',
    law: 'order: the directory of a tenant has no durable name when its entries leave the intake',
    file: 'src/quarantine/tenant-journals.ts',
    find: '        await synced(fileSystem.syncDirectory(directory));\n',
    replace: '',
  },
  {
    name: 'mark-apart-from-its-record',
    focus: 'quarantine',
    law: 'nothing is replayed twice: the mark of an entry is written after its record, and not with it',
    file: 'src/engine/quarantine/replay.ts',
    find: '      if (!this.#plan.isDryRun) await this.#parts.store.write(operationsOfBatch(entries, this.#parts.clock.nowMs()));\n',
    replace:
      '      const all = this.#plan.isDryRun ? [] : operationsOfBatch(entries, this.#parts.clock.nowMs());\n' +
      '      for (const operation of all) await this.#parts.store.write([operation]);\n',
  },
  {
    name: 'segment-gone-before-its-removal',
    focus: 'quarantine',
    law: 'order: a segment is removed while the record of that is on its way to the disk',
    file: 'src/quarantine/tenant-journal.ts',
    find: '      await this.#loadedManifest().addRemoved(removed);\n',
    replace: '      void this.#loadedManifest().addRemoved(removed).catch(() => undefined);\n',
  },
  {
    name: 'position-before-its-rejections',
    focus: 'quarantine',
    law: 'nothing is lost: the position of a source moves while what was rejected before it is on its way',
    file: 'src/engine/ingest/ingest-source.ts',
    find: '      await Promise.all(batch.rejections);\n',
    replace: '',
  },
  {
    name: 'numbers-given-out-twice',
    focus: 'quarantine',
    law: 'a number is one entry for ever: after a crash they go on behind those that are left',
    file: 'src/quarantine/intake-reader.ts',
    find: '  return Math.max(...firstEntries, ...lastEntries.map((number) => number + 1));\n',
    replace: '  return Math.max(1, ...lastEntries.map((number) => number + 1));\n',
  },
];

/** Those that a simulation about `focus` must catch. */
export function canariesOf(focus: Focus | undefined): readonly Canary[] {
  return CANARIES.filter((canary) => canary.focus === focus);
}

/** The tree with the canary in it. A text that is not there just once is an error: the canary would break something else, or nothing. */
export function breakSource({ name, file, find, replace }: Canary, text: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1)
    throw new Error(`canary ${name}: its text stands ${count} times in ${file}; adjust test/sim/canaries.ts`);
  return text.replace(find, () => replace);
}
