import { describe, expect, it } from 'vitest';
import { chooseChain, type SegmentCandidate } from '../../src/wal/segment-chain.js';

/** `7<5@100` is segment 7 that goes on from byte 100 of segment 5; `7<0` begins a log; `7` was never started. */
function candidatesOf(text: string): SegmentCandidate[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const match = /^(\d+)(?:<(\d+)(?:@(\d+))?)?$/.exec(word);
      if (match === null) throw new Error(`not a segment: ${word}`);
      const [number, predecessorNumber, predecessorEndBytes] = match.slice(1).map((digits) => Number(digits ?? -1));
      if (predecessorNumber < 0) return { number, header: undefined };
      const header = {
        databaseId: 1,
        number,
        predecessorNumber,
        predecessorEndBytes: Math.max(0, predecessorEndBytes),
        alignmentBytes: 8,
        createdAtMs: 0,
      };
      return { number, header };
    });
}

function describeChain(firstNumber: number, text: string): string {
  const { links, witnesses, headlessNumber, fault } = chooseChain(firstNumber, candidatesOf(text));
  const parts = [links.map(({ header, endBytes }) => `${header.number}@${endBytes ?? 'end'}`).join(' ')];
  if (witnesses.length > 0) parts.push(`witnesses ${witnesses.join(' ')}`);
  if (headlessNumber !== undefined) parts.push(`headless ${headlessNumber}`);
  if (fault !== undefined) parts.push(`fault ${fault.file}: ${fault.found}`);
  return parts.join(', ');
}

describe('the chain of segments', () => {
  it.each([
    ['is one segment', 5, '5<0', '5@end'],
    ['is one segment whose predecessor is flushed and gone', 5, '5<4@900', '5@end'],
    ['leads from the newest started one back to the first', 5, '5<0 6<5@100 8<6@200', '5@100 6@200 8@end'],
    ['leaves out what an earlier recovery cut off', 5, '5<0 6<5@100 7<6@50 8<6@50', '5@100 6@50 8@end'],
    ['asks newer segments that were never started for proof', 5, '5<0 6<5@100 7 8', '5@100 6@end, witnesses 7 8'],
    ['is empty while the first segment is not started', 5, '5', ', witnesses 5'],
    ['is empty while no segment is started', 5, '5 6', ', witnesses 5 6'],
    ['begins anew after a first segment that was never started', 5, '5 6<0', '6@end, witnesses 5'],
    ['begins anew where nothing of the first segment was kept', 5, '5 6<5@0 7<6@80', '6@80 7@end, witnesses 5'],
    ['ends before a segment whose header is lost', 5, '5<0 6 7<6@90 8<7@80', '5@end, witnesses 6 7 8, headless 6'],
    [
      'ends before a lost header even where nothing of it was kept',
      5,
      '5<0 6 7<6@0',
      '5@end, witnesses 6 7, headless 6',
    ],
    ['is empty where the header of the first one is lost', 5, '5 6<5@90', ', witnesses 5 6, headless 5'],
    ['is broken by a missing segment', 5, '5<0 7<6@90', '5@end, witnesses 7, fault 000006.log: a missing segment'],
    ['is broken by a missing first segment', 5, '6<5@90', ', witnesses 6, fault 000005.log: a missing segment'],
    ['is broken where no segment is there at all', 5, '', ', fault 000005.log: a missing segment'],
    [
      'is broken where it does not lead to a started first one',
      5,
      '5<0 6<0',
      ', witnesses 5 6, fault 000006.log: a chain that does not lead there',
    ],
    [
      'is broken where it leads past the first one',
      5,
      '5 6<4@9',
      ', witnesses 5 6, fault 000006.log: a chain that does not lead there',
    ],
  ])('%s', (_name, firstNumber, candidates, expected) => {
    expect(describeChain(firstNumber, candidates)).toBe(expected);
  });
});
