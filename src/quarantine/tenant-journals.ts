import { join } from 'node:path';
import { inParallel } from '../base/in-parallel.js';
import { MIB } from '../base/limits.js';
import { synced } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import { SegmentIds } from './segment-ids.js';
import type { SegmentLimits } from './segment-limits.js';
import { tenantDirectoryName } from './tenant-directory.js';
import { type JournalGauges, TenantJournal } from './tenant-journal.js';
import type { TenantSnapshot } from './tenant-snapshot.js';

/** Segments that are written at the same time. */
const SETTLING_TENANTS = 8;
/** Tenants with which nothing goes on are forgotten beyond so many, or where their filters take more than this. */
const KNOWN_TENANTS_MAX = 16_384;
const SUMMARY_BYTES_MAX = 64 * MIB;
/** To look for them takes a look at all: not for each of ten thousand tenants. */
const SNAPSHOTS_PER_FORGETTING = 64;

export interface TenantJournalsOptions {
  readonly fileSystem: FileSystem;
  /** Of the quarantine. */
  readonly directory: string;
  readonly databaseId: number;
  readonly nowMs: () => number;
  readonly isReadOnly: boolean;
  readonly limitsOf: (tenant: string) => SegmentLimits;
  readonly openWritersMax: number;
}

/** The journals of the tenants that something goes on with, and of some more (law 8): of files and of memory only so much is in use. */
export class TenantJournals {
  readonly gauges: JournalGauges = { pendingBytes: 0, segmentOpens: 0 };
  readonly #options: TenantJournalsOptions;
  readonly #segmentIds = new SegmentIds();
  /** The one that was longest not asked for first. */
  readonly #journals = new Map<string, TenantJournal>();
  /** Those that may have a file open for writing, the one that was longest not written first. */
  readonly #writers = new Set<TenantJournal>();
  #holdCount = 0;
  #snapshotCount = 0;

  constructor(options: TenantJournalsOptions) {
    this.#options = options;
  }

  get hasPending(): boolean {
    return this.gauges.pendingBytes > 0;
  }

  get openWriterCount(): number {
    return this.#writers.size;
  }

  /** Tenants with entries that are in memory only. */
  pendingTenants(): string[] {
    return [...this.#journals.values()].filter(({ hasPending }) => hasPending).map(({ tenant }) => tenant);
  }

  get(tenant: string): TenantJournal {
    const journal = this.#journals.get(tenant) ?? this.#create(tenant);
    this.#journals.delete(tenant);
    this.#journals.set(tenant, journal);
    return journal;
  }

  /** Writes what is in memory to segments; durable when it resolves. Errors: STEME_IO; what is not there yet stays in memory. */
  async settle(): Promise<void> {
    const waiting = [...this.#journals.values()].filter(({ hasPending }) => hasPending);
    await inParallel(SETTLING_TENANTS, waiting, async (journal) => {
      await this.#noteWriter(journal);
      await journal.settle();
    });
    this.forgetIdle();
  }

  /** From now on no file of a segment is removed, and snapshots have what was removed since. */
  hold(): void {
    this.#holdCount++;
  }

  /** Ends a `hold`. Errors: STEME_IO; then files stay that the next open removes. */
  async release(): Promise<void> {
    if (--this.#holdCount > 0) return;
    const failures = (await Promise.allSettled([...this.#journals.values()].map((each) => each.releaseHeld()))).filter(
      (outcome) => outcome.status === 'rejected',
    );
    if (failures.length > 0) throw failures[0].reason;
  }

  /** Errors: STEME_IO, STEME_UNSUPPORTED. */
  async snapshot(tenant: string): Promise<TenantSnapshot> {
    const journal = this.get(tenant);
    // It writes what is in memory.
    if (!this.#options.isReadOnly) await this.#noteWriter(journal);
    const snapshot = await journal.snapshot();
    if (++this.#snapshotCount % SNAPSHOTS_PER_FORGETTING === 0) this.forgetIdle();
    return snapshot;
  }

  /** Closes all files. Errors: STEME_IO. */
  close(): Promise<void> {
    return this.#closeWriters(0);
  }

  /** Forgets tenants with which nothing goes on, if there are too many: what they have on disk is looked at again when it is needed. */
  forgetIdle(): void {
    let summaryBytes = 0;
    for (const journal of this.#journals.values()) summaryBytes += journal.summaryBytes;
    for (const [tenant, journal] of this.#journals) {
      if (this.#journals.size <= KNOWN_TENANTS_MAX && summaryBytes <= SUMMARY_BYTES_MAX) return;
      if (!journal.isIdle) continue;
      this.#journals.delete(tenant);
      this.#writers.delete(journal);
      summaryBytes -= journal.summaryBytes;
    }
  }

  async #noteWriter(journal: TenantJournal): Promise<void> {
    this.#writers.delete(journal);
    this.#writers.add(journal);
    await this.#closeWriters(this.#options.openWritersMax);
  }

  async #closeWriters(keptCount: number): Promise<void> {
    for (const journal of this.#writers) {
      if (this.#writers.size <= keptCount) return;
      this.#writers.delete(journal);
      await journal.release();
    }
  }

  #create(tenant: string): TenantJournal {
    const { fileSystem, directory, databaseId, nowMs, isReadOnly, limitsOf } = this.#options;
    const ownDirectory = join(directory, tenantDirectoryName(tenant));
    return new TenantJournal({
      fileSystem,
      directory: ownDirectory,
      databaseId,
      tenant,
      nowMs,
      isReadOnly,
      limits: limitsOf(tenant),
      gauges: this.gauges,
      segmentIds: this.#segmentIds,
      isHeld: () => this.#holdCount > 0,
      makeDirectory: async () => {
        await fileSystem.makeDirectory(ownDirectory);
        await synced(fileSystem.syncDirectory(directory));
      },
    });
  }
}
