import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isAlive, isSameProcess, ownIdentity } from '../../src/fs/real-process.js';

const self = ownIdentity();
/** An identity as platforms without start times have it. */
const bare = (pid: number) => ({ pid, startTicks: undefined, bootId: undefined });

/** A pid that was in use a moment ago. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  const { pid } = child;
  await once(child, 'exit');
  return pid ?? 0;
}

describe('the identity of a process', () => {
  it('tells processes apart by pid, start time and boot', () => {
    expect(isSameProcess(self, ownIdentity())).toBe(true);
    expect(isSameProcess(self, { ...self, pid: self.pid + 1 })).toBe(false);
    expect(isSameProcess(self, { ...self, startTicks: 1 })).toBe(false);
    expect(isSameProcess(self, { ...self, bootId: 'another' })).toBe(false);
  });

  it('is alive while exactly this process runs', async () => {
    expect(isAlive(self, Date.now())).toBe(true);
    if (self.startTicks === undefined) return;
    expect(isAlive({ ...self, startTicks: self.startTicks + 1 }, Date.now())).toBe(false);
    expect(isAlive({ ...self, bootId: 'another' }, Date.now())).toBe(false);
    expect(isAlive({ ...self, pid: await endedPid() }, Date.now())).toBe(false);
  });

  it('goes by pid and time where start times are not to be had', async () => {
    expect(isAlive(bare(process.pid), Date.now())).toBe(true);
    expect(isAlive(bare(process.ppid), Date.now())).toBe(true);
    expect(isAlive(bare(await endedPid()), Date.now())).toBe(false);
  });

  it('does not take a pid for a process of before the boot, or for one of before our own start', () => {
    expect(isAlive(bare(process.ppid), 0)).toBe(false);
    expect(isAlive(bare(process.pid), Date.now() - process.uptime() * 1000 - 5000)).toBe(false);
    expect(isAlive(bare(process.pid), Number.NaN)).toBe(false);
  });

  it('is dead once killed, even while its parent has not asked for it', async () => {
    if (self.startTicks === undefined) return;
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    const stat = async (of: number | undefined) => (await readFile(`/proc/${of}/stat`, 'utf8')).split(' ');
    // A shell would ask for its child; what it turns into never does.
    await expect.poll(async () => (await stat(parent.pid))[1], { timeout: 20_000 }).toBe('(sleep)');
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await stat(pid))[2], { timeout: 20_000 }).toBe('Z');
    expect(isAlive({ ...self, pid, startTicks: Number((await stat(pid))[21]) }, Date.now())).toBe(false);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
});
