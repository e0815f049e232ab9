/**
 * Loaded before a program that `steme profile` starts, in each of its threads; only its main thread has something to do: it starts the
 * profiler in every thread, and writes down what came of it when the time is over or the program ends, however it ends.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { realFileSystem } from '../../fs/real-file-system.js';
import { ProcessProfiler, type ThreadProfile } from '../../profile/process-profiler.js';
import { donePathOf, type ProfileTask, type RawProfile, TASK_VARIABLE } from './profile-task.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const task = process.env[TASK_VARIABLE];
if (isMainThread && task !== undefined) await profileProgram(JSON.parse(task) as ProfileTask);

async function profileProgram(profileTask: ProfileTask): Promise<void> {
  const { kind, seconds, nodeOptions } = profileTask;
  delete process.env[TASK_VARIABLE];
  if (nodeOptions === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = nodeOptions;
  const profiler = await ProcessProfiler.start(kind);
  const restoreTerminate = collectBeforeTermination(profiler);
  const writeAtEnd = (): void => write(profileTask, profiler.stopSync());
  process.once('exit', writeAtEnd);
  const forgetSignals = writeBeforeSignals(writeAtEnd);
  if (seconds === undefined) return;
  setTimeout(() => {
    process.off('exit', writeAtEnd);
    forgetSignals();
    restoreTerminate();
    void profiler.stop().then((threads) => write(profileTask, threads));
  }, seconds * 1000).unref();
}

/** A worker that is terminated is asked for its profile first. */
function collectBeforeTermination(profiler: ProcessProfiler): () => void {
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = async function (this: Worker): Promise<number> {
    await profiler.collect(this.threadId);
    return terminate.call(this);
  };
  return () => {
    Worker.prototype.terminate = terminate;
  };
}

/** A signal that the program does not handle ends it with no `exit` event; it still does, after the profile is written. */
function writeBeforeSignals(writeAtEnd: () => void): () => void {
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      if (process.listenerCount(signal) > 1) return;
      process.off('exit', writeAtEnd);
      writeAtEnd();
      process.off(signal, listener);
      process.kill(process.pid, signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

function write({ rawPath }: ProfileTask, threads: readonly ThreadProfile[]): void {
  const raw: RawProfile = { threads };
  writeFile(rawPath, JSON.stringify(raw));
  // Whoever waits for the file takes it when all of it is there.
  writeFile(donePathOf(rawPath), '');
}

function writeFile(path: string, text: string): void {
  const handle = realFileSystem.openSync(path, 'create');
  try {
    handle.writeSync(Buffer.from(text), 0);
  } finally {
    handle.closeSync();
  }
}
