/** V8's profiler in this thread and in every worker thread at once. */
import { StemeError } from '../base/errors.js';
import { openOwnSession, type ThreadSession, WorkerSessions } from './inspector-sessions.js';
import { startCommands, stopCommand, type ThreadProfileKind } from './profiler-commands.js';
import type { V8CpuProfile, V8HeapProfile } from './v8-profile.js';

export interface ThreadProfile {
  readonly threadId: number;
  /** Of the thread that took the profile. */
  readonly isOwn: boolean;
  readonly cpu?: V8CpuProfile;
  readonly heap?: V8HeapProfile;
}

/** How long the end of a process waits for its workers' profiles. */
const LAST_WAIT_MS_MAX = 5000;
const LAST_WAIT_STEP_MS = 5;
/** How long a thread may take to answer before it is ended without. */
const COLLECT_MS_MAX = 1000;

export class ProcessProfiler {
  readonly #kind: ThreadProfileKind;
  readonly #own: { session: ThreadSession; close: () => void };
  readonly #workers: WorkerSessions;
  /** Threads that are being profiled. */
  readonly #running = new Map<number, ThreadSession>();
  readonly #profiles: ThreadProfile[] = [];
  /** Threads that were asked for their profile and have not answered. */
  #pendingCount = 0;
  #onIdle: (() => void) | undefined;
  #isStopping = false;

  private constructor(inspector: typeof import('node:inspector'), kind: ThreadProfileKind) {
    this.#kind = kind;
    this.#own = openOwnSession(inspector);
    this.#workers = new WorkerSessions(inspector, {
      onAttached: (session) => this.#startIn(session),
      onDetached: (threadId) => this.#running.delete(threadId),
    });
  }

  /** Resolves when all threads that there are have begun. Errors: STEME_PROFILER. */
  static async start(kind: ThreadProfileKind): Promise<ProcessProfiler> {
    const inspector = await loadInspector();
    const profiler = new ProcessProfiler(inspector, kind);
    try {
      await profiler.#startAll();
    } catch (error) {
      profiler.close();
      throw error;
    }
    return profiler;
  }

  /** The profiles of all threads that live, and of those that `collect` was called for. */
  async stop(): Promise<readonly ThreadProfile[]> {
    this.#askAll();
    if (this.#pendingCount > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.close();
    return this.#profiles;
  }

  /** The same at the end of the process, where nothing is awaited: workers answer while this thread stands still. */
  stopSync(): readonly ThreadProfile[] {
    this.#askAll();
    const word = new Int32Array(new SharedArrayBuffer(4));
    const untilMs = performance.now() + LAST_WAIT_MS_MAX;
    // Answers come as interrupts of this wait.
    while (this.#pendingCount > 0 && performance.now() < untilMs) Atomics.wait(word, 0, 0, LAST_WAIT_STEP_MS);
    this.close();
    return this.#profiles;
  }

  /** Takes the profile of a thread that is about to end. */
  async collect(threadId: number): Promise<void> {
    const session = this.#running.get(threadId);
    if (session === undefined || this.#isStopping) return;
    await new Promise<void>((resolve) => {
      // A thread that is stuck in native code does not answer; it is not kept alive for that.
      const giveUp = setTimeout(resolve, COLLECT_MS_MAX);
      this.#ask(session, false, () => {
        clearTimeout(giveUp);
        resolve();
      });
    });
  }

  close(): void {
    this.#isStopping = true;
    this.#running.clear();
    this.#workers.close();
    this.#own.close();
  }

  async #startAll(): Promise<void> {
    for (const command of startCommands(this.#kind)) {
      await asPromise((reply) => this.#own.session.post(command, reply));
    }
    await asPromise((reply) => this.#workers.enable(reply));
  }

  /** A worker in which it fails, since somebody else profiles it, is left out. */
  #startIn(session: ThreadSession): void {
    if (this.#isStopping) return;
    this.#running.set(session.threadId, session);
    for (const command of startCommands(this.#kind)) {
      session.post(command, (error) => {
        if (error !== undefined) this.#running.delete(session.threadId);
      });
    }
  }

  #askAll(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#ask(this.#own.session, true, () => undefined);
    for (const session of [...this.#running.values()]) this.#ask(session, false, () => undefined);
  }

  #ask(session: ThreadSession, isOwn: boolean, done: () => void): void {
    const { threadId } = session;
    this.#running.delete(threadId);
    this.#pendingCount++;
    session.post(stopCommand(this.#kind), (_error, result) => {
      const profile = (result as { profile?: unknown } | undefined)?.profile;
      if (profile !== undefined) this.#profiles.push(this.#profileOf(threadId, isOwn, profile));
      this.#pendingCount--;
      done();
      if (this.#pendingCount === 0) this.#onIdle?.();
    });
  }

  #profileOf(threadId: number, isOwn: boolean, profile: unknown): ThreadProfile {
    if (this.#kind === 'cpu') return { threadId, isOwn, cpu: profile as V8CpuProfile };
    return { threadId, isOwn, heap: profile as V8HeapProfile };
  }
}

async function loadInspector(): Promise<typeof import('node:inspector')> {
  try {
    return await import('node:inspector');
  } catch (cause) {
    throw new StemeError('STEME_PROFILER', 'this Node was built without its inspector, and has no profiler', { cause });
  }
}

function asPromise(call: (reply: (error: string | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error === undefined) resolve();
      else reject(new StemeError('STEME_PROFILER', `the profiler of V8 does not start: ${error}`));
    });
  });
}
