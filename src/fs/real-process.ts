import fs from 'node:fs';
import os from 'node:os';
import { systemCodeOf } from '../base/errors.js';

/** Names one process for good: a pid alone comes round again after a reboot, and in another container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot. Linux only. */
  readonly startTicks: number | undefined;
  /** Random for each boot of the machine. Linux only. */
  readonly bootId: string | undefined;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: processState(process.pid)?.startTicks, bootId: bootId() };
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;
}

/**
 * Whether the process that wrote down `identity` at `seenAtMs` still runs. Where the kernel tells no start times, a live
 * pid counts, unless the machine booted since, or the pid is ours and we started since.
 */
export function isAlive(identity: ProcessIdentity, seenAtMs: number): boolean {
  if (identity.startTicks !== undefined) {
    const state = processState(identity.pid);
    return identity.bootId === bootId() && state?.startTicks === identity.startTicks && !state.isDead;
  }
  const upSeconds = identity.pid === process.pid ? process.uptime() : os.uptime();
  return seenAtMs >= Date.now() - upSeconds * 1000 && isPidInUse(identity.pid);
}

function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

interface ProcessState {
  readonly startTicks: number;
  /** Killed, but its parent has not asked for it yet: it holds nothing any more. */
  readonly isDead: boolean;
}

/** From /proc/<pid>/stat; undefined where there is no such process or no such file system. */
function processState(pid: number): ProcessState | undefined {
  const text = readTextIfAny(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // Field 2 is the command in parentheses, with any character in it; fields count from 1 and the state is field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { startTicks: Number(fields[22 - 3]), isDead: fields[0] === 'Z' || fields[0] === 'X' };
}

function bootId(): string | undefined {
  return readTextIfAny('/proc/sys/kernel/random/boot_id')?.trim();
}

function readTextIfAny(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    // No /proc, no such process, or one that is hidden from us: each means that nothing is known.
    return undefined;
  }
}
