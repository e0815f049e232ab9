/** The process that is killed while it works with the quarantine. It ends itself, in the middle of what its task names, or is ended from outside. */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { nextInstruction, report as reportLine } from '../../native-bench/support/child-process.js';
import { Prng } from '../../src/base/prng.js';
import type { Database } from '../../src/engine/api.js';
import type { QuarantinedRecord, ReplayHandler } from '../../src/engine/quarantine/quarantine-api.js';
import { openHurried } from './quarantine-engine.js';
import { KillSwitch } from './quarantine-kill.js';
import {
  doneKey,
  FEED_ITEMS,
  FEED_TENANT,
  feedItem,
  feedName,
  LIVES_OF_A_GENERATION,
  onceId,
  payloadOf,
  planQuarantineOptions,
  planTemper,
  type QuarantineTemper,
  TENANTS,
} from './quarantine-plan.js';
import type { QuarantineReport, QuarantineTask } from './quarantine-protocol.js';

/** Long enough that an entry which was acknowledged too early is still missing when the kill comes. */
const EARLY_ACK_LEAD_MS = 5;
/** Nobody lives so long. */
const LIFE_MS_MAX = 10_000;
const CLOSE_AFTER_MS_MAX = 150;
/** Codes of what a close turns away. */
const ENDED = new Set(['STEME_CLOSED', 'STEME_ABORTED']);

function report(message: QuarantineReport): void {
  reportLine(JSON.stringify(message));
}

/** One life: everything at once, until the end. */
class Life {
  readonly #db: Database;
  readonly #task: QuarantineTask;
  readonly #kill: KillSwitch;
  readonly #random: Prng;
  readonly #temper: QuarantineTemper;
  readonly #endsAtMs: number;
  #entryCount = 0;
  #replayCount = 0;
  #isClosing = false;

  constructor(db: Database, task: QuarantineTask, kill: KillSwitch) {
    this.#db = db;
    this.#task = task;
    this.#kill = kill;
    this.#random = new Prng(Math.imul(task.seed, 0x9e37) + task.cycle * 7919);
    this.#temper = planTemper(this.#random);
    const isClosed = task.aim.phase === 'closing';
    this.#endsAtMs = performance.now() + (isClosed ? this.#random.below(CLOSE_AFTER_MS_MAX) : LIFE_MS_MAX);
  }

  async run(): Promise<void> {
    const { cycle } = this.#task;
    if (cycle > 0 && cycle % LIVES_OF_A_GENERATION === 0) for (const tenant of TENANTS.kept) await this.#purge(tenant);
    const work = [
      ...Array.from({ length: this.#temper.writers }, () =>
        this.#repeat(() => this.#append(), this.#temper.pauseMsMax),
      ),
      this.#repeat(() => this.#replay(), 30),
      this.#repeat(() => this.#purge(this.#random.pick([...TENANTS.purged])), 60),
      this.#ingest(),
    ].map((one) => one.catch((error: unknown) => this.#tolerateClosed(error)));
    const all = Promise.all(work);
    await Promise.race([all, delay(Math.max(0, this.#endsAtMs - performance.now()))]);
    this.#isClosing = true;
    await this.#kill.during('closing', () => this.#db.close());
    await all;
  }

  async #repeat(step: () => Promise<void>, pauseMsMax: number): Promise<void> {
    while (!this.#isClosing) {
      await step();
      if (pauseMsMax > 0) await delay(this.#random.below(pauseMsMax + 1));
      else await nextTurn();
    }
  }

  async #append(): Promise<void> {
    const isOnce = this.#random.chance(this.#temper.onceProbability);
    const tenants = isOnce ? TENANTS.kept : Object.values(TENANTS).flat();
    const { cycle, sabotage } = this.#task;
    const id = isOnce ? onceId(this.#random, cycle) : `${cycle}-${this.#entryCount++}`;
    const name = { tenant: this.#random.pick([...tenants]), id };
    if (sabotage !== 'unannounced-entry' || isOnce) report({ kind: 'begin', atMs: Date.now(), ...name });
    if (sabotage === 'early-ack' && !isOnce) {
      report({ kind: 'ack', number: 0, ...name });
      await delay(EARLY_ACK_LEAD_MS);
    }
    const { number } = await this.#db.quarantine.append(name.tenant, payloadOf(name.tenant, id), {
      reason: 'crash',
      id,
      ifAbsent: isOnce,
    });
    if (sabotage !== 'unannounced-entry' || isOnce) report({ kind: 'ack', number, ...name });
  }

  async #purge(tenant: string): Promise<void> {
    if (this.#task.sabotage === 'unannounced-purge') tenant = TENANTS.kept[0];
    else report({ kind: 'purge', tenant });
    const purge = (): Promise<number> => this.#db.quarantine.purge({ tenant, before: Date.now() });
    await this.#kill.during('cleanup', purge);
  }

  async #replay(): Promise<void> {
    const tenant = this.#random.pick([...TENANTS.replayed]);
    const run = `${this.#task.cycle}.${this.#replayCount++}`;
    const ids: string[] = [];
    const takeIn: ReplayHandler = (record) => {
      if (this.#random.chance(this.#temper.failingProbability)) throw new Error('not yet');
      ids.push(record.id);
      return this.#recordOf(record, run);
    };
    report({ kind: 'replay', tenant, run });
    await this.#kill.during('replay', () =>
      this.#db.quarantine.replay({ tenant }, takeIn, {
        concurrency: this.#temper.replayConcurrency,
        maxAttempts: 1000,
        by: run,
      }),
    );
    report({ kind: 'replayed', tenant, run, ids });
  }

  #recordOf({ tenant, id, payload }: QuarantinedRecord, run: string): ReturnType<ReplayHandler> {
    const key = doneKey(tenant, id, run);
    if (this.#task.sabotage === 'split-replay') return this.#db.put(key, payload).then(() => undefined);
    return { type: 'put', key, value: payload };
  }

  async #ingest(): Promise<void> {
    const { feed } = this.#task;
    report({ kind: 'ingest', feed });
    const pipeline = {
      validate: (item: string) => {
        if (item.startsWith('?')) throw new Error('it starts with a question mark');
      },
      key: (item: string) => `in/${item}`,
      tenant: FEED_TENANT,
    };
    const options = { name: feedName(feed), batchRecords: this.#temper.batchRecords };
    await this.#kill.during('ingest', () => this.#db.ingest(this.#itemsOf(feed), pipeline, options));
    report({ kind: 'ingested', feed });
  }

  async *#itemsOf(feed: number): AsyncGenerator<string> {
    for (let index = 0; index < FEED_ITEMS; index++) {
      if (index % 20 === 0) await delay(this.#random.below(8));
      yield feedItem(feed, index);
    }
  }

  /** A close ends the long calls, and turns away what waits to get in: that is as good as a kill. */
  #tolerateClosed(error: unknown): void {
    const isEnded = error instanceof Error && 'code' in error && ENDED.has(String(error.code));
    if (!this.#isClosing || !isEnded) throw error;
  }
}

async function main(): Promise<void> {
  const task = JSON.parse(await nextInstruction()) as QuarantineTask;
  const kill = new KillSwitch(task.aim, report);
  const options = planQuarantineOptions(task.seed, task.cycle);
  const db = await kill.during('opening', async () => {
    const opened = await openHurried(task.directory, options, (warning) => failOnDamage(warning), kill);
    // The first call waits until the quarantine is there.
    await opened.quarantine.stats();
    return opened;
  });
  await new Life(db, task, kill).run();
  // Until the kill.
  await delay(60_000);
}

/** No kill damages anything. */
function failOnDamage(warning: Error & { readonly code: string }): void {
  report({ kind: 'failure', message: `a warning: ${warning.message}` });
}

main().catch((error: unknown) => {
  report({ kind: 'failure', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
  process.exit();
});
