import type { FileOperation } from '../../src/fs/file-operation.js';
import type { OperationWatch } from './quarantine-engine.js';
import { phaseOf, type QuarantineAim, type QuarantinePhase } from './quarantine-phase.js';
import type { QuarantineReport } from './quarantine-protocol.js';

/** In the child: knows what it is in the middle of, says so, and ends it where the aim is. */
export class KillSwitch implements OperationWatch {
  readonly #aim: QuarantineAim;
  readonly #report: (report: QuarantineReport) => void;
  /** How often it is in each phase now. */
  readonly #depths = new Map<QuarantinePhase, number>();
  /** By operation, the phase that it was when it began. */
  readonly #phases = new WeakMap<FileOperation, QuarantinePhase>();
  #occurrences = 0;

  constructor(aim: QuarantineAim, report: (report: QuarantineReport) => void) {
    this.#aim = aim;
    this.#report = report;
  }

  readonly before = (operation: FileOperation): void => {
    const phase = phaseOf(operation, this.#isIn('replay'));
    if (phase === undefined) return;
    this.#phases.set(operation, phase);
    this.#enter(phase);
    if (phase !== this.#aim.phase || ++this.#occurrences !== this.#aim.occurrence) return;
    if (this.#aim.point === 'before') die();
    // The operation is under way by then, in another thread.
    if (this.#aim.point === 'during') queueMicrotask(() => dieAfter(this.#aim.spinMs));
  };

  readonly after = (operation: FileOperation): void => {
    const phase = this.#phases.get(operation);
    if (phase === undefined) return;
    if (phase === this.#aim.phase && this.#occurrences >= this.#aim.occurrence) die();
    this.#leave(phase);
  };

  /** A call that is a phase. */
  async during<T>(phase: QuarantinePhase, call: () => Promise<T>): Promise<T> {
    this.#enter(phase);
    const aim = this.#aim;
    const isAimedAt = phase === aim.phase && phase !== 'cleanup' && ++this.#occurrences >= aim.occurrence;
    const timer = isAimedAt ? setTimeout(die, aim.delayMs) : undefined;
    try {
      return await call();
    } finally {
      // It was over sooner: the next one will do.
      clearTimeout(timer);
      this.#leave(phase);
    }
  }

  #isIn(phase: QuarantinePhase): boolean {
    return (this.#depths.get(phase) ?? 0) > 0;
  }

  #enter(phase: QuarantinePhase): void {
    const depth = this.#depths.get(phase) ?? 0;
    this.#depths.set(phase, depth + 1);
    if (depth === 0) this.#report({ kind: 'enter', phase });
  }

  #leave(phase: QuarantinePhase): void {
    const depth = (this.#depths.get(phase) ?? 0) - 1;
    this.#depths.set(phase, depth);
    if (depth === 0) this.#report({ kind: 'leave', phase });
  }
}

function dieAfter(spinMs: number): void {
  const endMs = performance.now() + spinMs;
  while (performance.now() < endMs);
  die();
}

/** Nothing of this process runs behind it. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
