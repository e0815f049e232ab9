import type { WorkloadFacts } from './results-file.js';

export interface Grouped<T> {
  readonly title: string;
  readonly isDurable: boolean;
  readonly members: readonly T[];
}

/** The first that fits a workload's name. */
const KINDS: readonly { readonly pattern: RegExp; readonly title: string; readonly isWriting: boolean }[] = [
  { pattern: /^open/, title: 'Opening', isWriting: false },
  { pattern: /^ycsb/, title: 'Mixed loads (YCSB)', isWriting: true },
  { pattern: /^(?:values|large)|(?:4k|64k)/i, title: 'Large values', isWriting: true },
  { pattern: /^(?:fill|overwrite|ingest|sustained|eventloop)/, title: 'Writes', isWriting: true },
  { pattern: /while/, title: 'Reads while writing', isWriting: true },
  { pattern: /^(?:readseq|readreverse|scan|seek)/, title: 'Scans', isWriting: false },
  { pattern: /^(?:read|multiget|get)/, title: 'Point reads', isWriting: false },
];
const OTHERS = { title: 'Others', isWriting: true };

/** Tables of what can be compared. A durable operation waits for the disk: it never stands beside one that does not. */
export function groupWorkloads<T>(members: readonly T[], factsOf: (member: T) => WorkloadFacts): Grouped<T>[] {
  const groups = new Map<string, { isDurable: boolean; members: T[] }>();
  for (const member of members) {
    const facts = factsOf(member);
    const title = groupTitle(facts);
    const group = groups.get(title) ?? { isDurable: facts.isDurable, members: [] };
    group.members.push(member);
    groups.set(title, group);
  }
  return [...groups].map(([title, group]) => ({ title, ...group }));
}

function groupTitle({ name, isDurable }: WorkloadFacts): string {
  const { title, isWriting } = KINDS.find(({ pattern }) => pattern.test(name)) ?? OTHERS;
  if (isDurable) return `${title}, each operation durable before it counts`;
  return isWriting ? `${title}, operations do not wait for the disk` : title;
}
