import { expect, test } from 'vitest';
import { groupWorkloads } from '../../../native-bench/report/groups.js';
import { sampleFacts } from './sample-results.js';

test('durable and other workloads never share a table', () => {
  const names = ['ycsb-a', 'ycsb-c', 'fillseq', 'fillsync-64', 'readrandom', 'readwhilewriting', 'anything'];
  const workloads = names.flatMap((name) => [sampleFacts(name), sampleFacts(name, { isDurable: true })]);
  for (const { isDurable, members } of groupWorkloads(workloads, (facts) => facts)) {
    expect(members.every((facts) => facts.isDurable === isDurable)).toBe(true);
  }
});

test('a table holds one kind of load', () => {
  const names = [
    'fillseq',
    'overwrite',
    'values-4k',
    'readrandom-cold',
    'multiget',
    'readseq',
    'seekrandom',
    'open-clean',
  ];
  const groups = groupWorkloads(names, (name) => sampleFacts(name));
  expect(Object.fromEntries(groups.map(({ title, members }) => [title, members]))).toEqual({
    'Writes, operations do not wait for the disk': ['fillseq', 'overwrite'],
    'Large values, operations do not wait for the disk': ['values-4k'],
    'Point reads': ['readrandom-cold', 'multiget'],
    Scans: ['readseq', 'seekrandom'],
    Opening: ['open-clean'],
  });
});
