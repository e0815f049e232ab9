import { StemeError } from '../../base/errors.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import { checkFilter, checkReplay } from './check-quarantine-calls.js';
import type { QuarantineFilter, ReplayAudit, ReplayHandler, ReplayOptions, ReplayResult } from './quarantine-api.js';
import type { QuarantineSweeper } from './quarantine-sweeper.js';
import { Replay, type ReplayParts } from './replay.js';
import { newAuditId, type ReplayAudits } from './replay-audits.js';

const CONCURRENCY_DEFAULT = 256;
const MAX_ATTEMPTS_DEFAULT = 5;

export interface QuarantineReplaysParts extends Omit<ReplayParts, 'journal'> {
  readonly journal: () => Promise<QuarantineJournal>;
  readonly audits: ReplayAudits;
  readonly sweeper: QuarantineSweeper;
  readonly randomUint32: () => number;
}

/** Runs replays, one at a time, and keeps a record of each. */
export class QuarantineReplays {
  readonly #parts: QuarantineReplaysParts;
  #isRunning = false;

  constructor(parts: QuarantineReplaysParts) {
    this.#parts = parts;
  }

  /** Errors: STEME_INVALID_OPTION, STEME_INVALID_TENANT, STEME_BUSY while another one runs, those of `throwIfEnded` and of `batch`. */
  async run(
    filter: QuarantineFilter,
    handler: ReplayHandler,
    options: ReplayOptions,
    signal: AbortSignal,
  ): Promise<ReplayResult> {
    checkReplay(options);
    const range = checkFilter(filter);
    // Two at once would hand on the same entries.
    if (this.#isRunning) throw new StemeError('STEME_BUSY', 'another replay is running: wait until it has ended');
    this.#isRunning = true;
    try {
      const journal = await this.#parts.journal();
      const tenants = filter.tenant === undefined ? await journal.tenants() : [filter.tenant];
      const replay = new Replay(
        { ...this.#parts, journal },
        {
          tenants,
          range,
          reason: filter.reason,
          handler,
          fix: options.fix,
          isDryRun: options.dryRun ?? false,
          rateLimit: options.rateLimit,
          concurrency: options.concurrency ?? CONCURRENCY_DEFAULT,
          maxAttempts: options.maxAttempts ?? MAX_ATTEMPTS_DEFAULT,
          signal,
          onProgress: options.onProgress,
        },
      );
      return await this.#runAudited(replay, filter, options);
    } finally {
      this.#isRunning = false;
    }
  }

  async #runAudited(replay: Replay, filter: QuarantineFilter, options: ReplayOptions): Promise<ReplayResult> {
    const { clock, audits, randomUint32 } = this.#parts;
    const startedAtMs = clock.nowMs();
    const begunAtMs = clock.monotonicMs();
    const isDryRun = options.dryRun ?? false;
    const { tenant, reason, id } = filter;
    const { fromMs, toMs } = checkFilter(filter);
    const audit = (endedAtMs: number | undefined, outcome: string): ReplayAudit => ({
      id: auditId,
      by: options.by ?? '',
      startedAtMs,
      endedAtMs,
      filter: {
        ...(tenant !== undefined && { tenant }),
        ...(reason !== undefined && { reason }),
        ...(id !== undefined && { id }),
        ...(filter.from !== undefined && { fromMs }),
        ...(filter.to !== undefined && { toMs }),
      },
      counts: replay.counts,
      outcome,
    });
    const auditId = newAuditId(startedAtMs, randomUint32());
    if (!isDryRun) await audits.write(audit(undefined, 'running'));
    let outcome = 'done';
    try {
      await replay.run();
      for (const [doneTenant, lastEntry] of replay.doneUpTo) {
        await this.#parts.sweeper.remove(doneTenant, (segment) => segment.lastEntry <= lastEntry);
      }
    } catch (error) {
      outcome = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      // Where the database has failed it takes no record either: the error that is under way says why.
      if (!isDryRun) await Promise.allSettled([audits.write(audit(clock.nowMs(), outcome))]);
    }
    const durationMs = clock.monotonicMs() - begunAtMs;
    return { ...replay.counts, auditId: isDryRun ? undefined : auditId, durationMs };
  }
}
