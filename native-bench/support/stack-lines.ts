/** Samples as the flamegraph package reads them: the text of `perf script`, and nothing of this machine in it. */

/** Frames from the outermost to the innermost, and how often the stack was seen. */
export interface StackSample {
  readonly frames: readonly string[];
  readonly count: number;
}

export function toPerfScript(samples: readonly StackSample[]): string {
  const lines: string[] = [];
  for (const { frames, count } of samples) {
    const stack = frames.toReversed().map((frame) => `\t1 ${frame} (x)`);
    for (let i = 0; i < count; i++) lines.push('node 1 1.000000: cpu-clock:', ...stack, '');
  }
  return lines.join('\n');
}

/**
 * `perf script -F comm,pid,tid,time,event,ip,sym,dso`: a heading a sample, innermost frame first, then an empty line.
 * Keeps the busiest process: tsx starts a compiler beside the one that is looked at.
 */
export function parsePerfScript(text: string, projectRoot: string): StackSample[] {
  const samplesOfProcess = new Map<string, StackSample[]>();
  for (const block of text.split(/\n\s*\n/)) {
    const [heading, ...lines] = block.trim().split('\n');
    const ids = /\s(\d+)\/(\d+)\s/.exec(heading);
    if (ids === null) continue;
    const [, process, thread] = ids;
    const frames = lines.map((line) => shortenFrame(line, projectRoot)).reverse();
    const sample = { frames: [process === thread ? 'opening thread' : 'other threads', ...frames], count: 1 };
    const samples = samplesOfProcess.get(process);
    if (samples === undefined) samplesOfProcess.set(process, [sample]);
    else samples.push(sample);
  }
  return [...samplesOfProcess.values()].reduce((most, samples) => (samples.length > most.length ? samples : most), []);
}

/** `7f12 JS:*merge file:///…/src/read/merge.ts:12:3 (/tmp/perf-1.map)` becomes `merge src/read/merge.ts:12`. */
function shortenFrame(line: string, projectRoot: string): string {
  const match = /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line);
  if (match === null) return 'unknown';
  const symbol = match[1].replace(/\+0x[0-9a-f]+$/, '');
  if (symbol === '[unknown]') return `in ${baseName(match[2])}`;
  return shortenSymbol(symbol, projectRoot);
}

function shortenSymbol(symbol: string, projectRoot: string): string {
  const own = symbol
    .replace(/^(?:JS|LazyCompile|Function|Script|Eval):[*^~+']*/, '')
    .replaceAll(`file://${projectRoot}`, '')
    .replaceAll(projectRoot, '');
  // What is left of absolute paths belongs to this machine, not to the program.
  const short = own
    .trim()
    .replace(/(^|\s)(?:file:\/\/)?\/[^\s()]*\//g, '$1')
    .replace(/:(\d+):\d+$/, ':$1');
  return /^\S+:\d+$/.test(short) ? `anonymous ${short}` : short || 'anonymous';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\d{3,}/g, '') || 'unknown';
}

interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  readonly samples: readonly number[];
}

interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** The profile that `node --cpu-prof` writes, one a thread. */
export function parseCpuProfile(text: string, projectRoot: string): StackSample[] {
  const profile = JSON.parse(text) as CpuProfile;
  const nodeOfId = new Map(profile.nodes.map((node) => [node.id, node]));
  const parentOfId = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const countOfId = new Map<number, number>();
  for (const id of profile.samples) countOfId.set(id, (countOfId.get(id) ?? 0) + 1);
  return [...countOfId].map(([leaf, count]) => {
    const frames: string[] = [];
    for (let id: number | undefined = leaf; id !== undefined; id = parentOfId.get(id)) {
      const node = nodeOfId.get(id);
      if (node !== undefined) frames.push(frameName(node, projectRoot));
    }
    return { frames: frames.reverse(), count };
  });
}

function frameName({ callFrame }: CpuProfileNode, projectRoot: string): string {
  const name = callFrame.functionName.replaceAll(/[()]/g, '') || 'anonymous';
  return shortenSymbol(`${name} ${callFrame.url}:${callFrame.lineNumber + 1}:1`, projectRoot);
}
