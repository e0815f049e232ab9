/**
 * A way to the inspectors of this thread and of all worker threads, by callbacks: at the end of a process nobody waits for promises.
 *
 * A worker is reached from outside, through the inspector of the main thread: what is asked of it interrupts its JavaScript for a moment,
 * also while it waits for its next job in `Atomics.wait`, where no message of ours would be read. So jobs know nothing of it.
 */
import type { Session } from 'node:inspector';
import { isMainThread, threadId as ownThreadId } from 'node:worker_threads';
import type { InspectorCommand } from './profiler-commands.js';

type InspectorModule = typeof import('node:inspector');

/** `result` is undefined where there is an error. */
export type Reply = (error: string | undefined, result: unknown) => void;

export interface ThreadSession {
  readonly threadId: number;
  post(command: InspectorCommand, reply: Reply): void;
}

export interface WorkerEvents {
  readonly onAttached: (session: ThreadSession) => void;
  /** The thread has ended; what it was asked is answered with an error. */
  readonly onDetached: (threadId: number) => void;
}

export function openOwnSession(inspector: InspectorModule): { session: ThreadSession; close: () => void } {
  const own = new inspector.Session();
  own.connect();
  const session: ThreadSession = {
    threadId: ownThreadId,
    post: ({ method, params }, reply) =>
      own.post(method, params, (error, result) => reply(error === null ? undefined : errorText(error), result)),
  };
  return { session, close: () => own.disconnect() };
}

/** Attaches to every worker thread but this one, those that start later too. */
export class WorkerSessions {
  readonly #session: Session;
  readonly #events: WorkerEvents;
  readonly #workers = new Map<string, AttachedWorker>();

  constructor(inspector: InspectorModule, events: WorkerEvents) {
    this.#events = events;
    this.#session = new inspector.Session();
    // All workers, those of workers too, report to the inspector of the main thread.
    if (isMainThread) this.#session.connect();
    else this.#session.connectToMainThread();
    const on = (event: string, listener: (params: WorkerEventParams) => void): void => {
      this.#session.on(event, ({ params }: { params: WorkerEventParams }) => listener(params));
    };
    on('NodeWorker.attachedToWorker', (params) => this.#attach(params));
    on('NodeWorker.detachedFromWorker', ({ sessionId }) => this.#detach(sessionId));
    on('NodeWorker.receivedMessageFromWorker', ({ sessionId, message }) =>
      this.#workers.get(sessionId)?.receive(message),
    );
  }

  /** `onReady`: the workers that there are have been attached to. */
  enable(onReady: Reply): void {
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) =>
      onReady(error === null ? undefined : errorText(error), undefined),
    );
  }

  close(): void {
    this.#session.post('NodeWorker.disable', () => undefined);
    this.#session.disconnect();
  }

  #attach({ sessionId, workerInfo }: WorkerEventParams): void {
    const threadId = Number(/^\[worker (\d+)\]/.exec(workerInfo?.title ?? '')?.[1]);
    if (!Number.isInteger(threadId) || threadId === ownThreadId) return;
    const worker = new AttachedWorker(threadId, (message) =>
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, () => undefined),
    );
    this.#workers.set(sessionId, worker);
    this.#events.onAttached(worker);
  }

  #detach(sessionId: string): void {
    const worker = this.#workers.get(sessionId);
    if (worker === undefined) return;
    this.#workers.delete(sessionId);
    worker.end();
    this.#events.onDetached(worker.threadId);
  }
}

interface WorkerEventParams {
  readonly sessionId: string;
  readonly message: string;
  readonly workerInfo?: { readonly title: string };
}

class AttachedWorker implements ThreadSession {
  readonly threadId: number;
  readonly #send: (message: string) => void;
  readonly #replies = new Map<number, Reply>();
  #lastId = 0;

  constructor(threadId: number, send: (message: string) => void) {
    this.threadId = threadId;
    this.#send = send;
  }

  post({ method, params }: InspectorCommand, reply: Reply): void {
    const id = ++this.#lastId;
    this.#replies.set(id, reply);
    this.#send(JSON.stringify({ id, method, params }));
  }

  receive(message: string): void {
    const { id, error, result } = JSON.parse(message) as { id?: number; error?: { message: string }; result?: unknown };
    if (id === undefined) return;
    const reply = this.#replies.get(id);
    this.#replies.delete(id);
    reply?.(error?.message, result);
  }

  end(): void {
    const replies = [...this.#replies.values()];
    this.#replies.clear();
    for (const reply of replies) reply('the thread has ended', undefined);
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
