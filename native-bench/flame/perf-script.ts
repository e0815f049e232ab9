/** What `perf script` prints, event by event: a heading, frames from the innermost on, an empty line. Pure; lines are handed in. */
import { type Frame, type FramePaths, jsFrame, nativeFrame } from '../../src/profile/frame.js';

export interface PerfEvent {
  readonly processId: number;
  readonly threadId: number;
  readonly atNs: number;
  /** Of a tracepoint: its fields. */
  readonly trace: string;
  /** From the outermost to the innermost. */
  readonly frames: readonly Frame[];
}

/** `perf script -F comm,pid,tid,time,event,trace,ip,sym,dso --ns`; a thread's name may hold anything. */
const HEADING = /^\s*\S.*?\s+(\d+)\/(\d+)\s+(\d+)\.(\d{9}):\s+\S+:\s*(.*)$/;
const FRAME = /^\s+[0-9a-f]+ (.*) \((.*)\)$/;
const JAVASCRIPT = /^(?:JS|LazyCompile|Function|Script|Eval):[*^~+']*(.*)$/;
const PLACE = /^(.*?)\s?(\S+):(\d+):\d+$/;
/** V8's way into a function: in every stack, and of no interest. */
const ENTRY = /^(?:Builtins_)?(?:InterpreterEntryTrampoline|JSEntry|JSEntryTrampoline|ArgumentsAdaptorTrampoline)\b/;

export class PerfScriptReader {
  readonly #paths: FramePaths;
  readonly #onEvent: (event: PerfEvent) => void;
  readonly #frameOfLine = new Map<string, Frame | undefined>();
  #heading: Omit<PerfEvent, 'frames'> | undefined;
  #frames: Frame[] = [];

  constructor(paths: FramePaths, onEvent: (event: PerfEvent) => void) {
    this.#paths = paths;
    this.#onEvent = onEvent;
  }

  addLine(line: string): void {
    if (line.trim() === '') {
      this.finish();
      return;
    }
    const heading = this.#heading === undefined ? HEADING.exec(line) : null;
    if (heading !== null) {
      const [, processId, threadId, seconds, ns, trace] = heading;
      const atNs = Number(seconds) * 1e9 + Number(ns);
      this.#heading = { processId: Number(processId), threadId: Number(threadId), atNs, trace };
      return;
    }
    const frame = this.#frameOf(line);
    if (frame !== undefined) this.#frames.push(frame);
  }

  finish(): void {
    if (this.#heading !== undefined) {
      this.#onEvent({ ...this.#heading, frames: fromJavaScriptOn(this.#frames.reverse()) });
    }
    this.#heading = undefined;
    this.#frames = [];
  }

  #frameOf(line: string): Frame | undefined {
    const match = FRAME.exec(line);
    if (match === null) return undefined;
    const key = `${match[1]} ${match[2]}`;
    if (!this.#frameOfLine.has(key)) this.#frameOfLine.set(key, frameOf(match[1], match[2], this.#paths));
    return this.#frameOfLine.get(key);
  }
}

/** The way from `main` to the first JavaScript is the same for all. */
function fromJavaScriptOn(frames: readonly Frame[]): readonly Frame[] {
  const first = frames.findIndex(({ file }) => file !== '');
  return first < 0 ? frames : frames.slice(first);
}

function frameOf(symbolAndOffset: string, object: string, paths: FramePaths): Frame | undefined {
  const symbol = symbolAndOffset.replace(/\+0x[0-9a-f]+$/, '');
  const javaScript = JAVASCRIPT.exec(symbol);
  if (javaScript !== null) {
    const [, name = javaScript[1], url = '', line = '0'] = PLACE.exec(javaScript[1].trim()) ?? [];
    return jsFrame(name.trim(), url, Number(line), paths);
  }
  if (ENTRY.test(symbol)) return undefined;
  if (object.startsWith('[kernel') || object.startsWith('[guest.kernel')) return nativeFrame(symbol, 'kernel');
  if (symbol === '[unknown]') return nativeFrame(`(in ${objectName(object)})`);
  return nativeFrame(symbol);
}

/** `libc.so.6`; what V8 made has the process's number in its name. */
function objectName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return /^perf-\d+\.map$|anon|^\[?unknown/.test(name) ? 'code of V8' : name;
}
