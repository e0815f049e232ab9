import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { storedValue } from '../../src/base/stored-value.js';
import { DeeperKeys } from '../../src/jobs/deeper-keys.js';
import { SnapshotStripes } from '../../src/jobs/snapshot-stripes.js';
import { VERSION_DROPPED, VERSION_KEPT_AS_DELETE, VersionFilter } from '../../src/jobs/version-filter.js';

interface Version {
  readonly sequence: number;
  readonly kind: number;
  readonly value: Uint8Array;
}

const NOW_MS = 1000;
const KEY = Buffer.from('k');

const put = (sequence: number): Version => ({ sequence, kind: KIND_PUT, value: Buffer.from('v') });
const del = (sequence: number): Version => ({ sequence, kind: KIND_DELETE, value: Buffer.alloc(0) });
const expiring = (sequence: number, expiresAtMs: number): Version => ({
  sequence,
  kind: KIND_PUT_EXPIRING,
  value: storedValue(expiresAtMs, Buffer.from('v')),
});

interface Scene {
  readonly snapshots?: readonly number[];
  readonly rangeDeletes?: readonly number[];
  readonly hasDeeper?: boolean;
}

function filterOf({ snapshots = [], rangeDeletes = [], hasDeeper = false }: Scene): VersionFilter {
  const range = { smallestKey: Buffer.from('a'), largestKey: Buffer.from('z'), isLargestKeyExclusive: false };
  const tombstones = rangeDeletes.map((sequence) => ({ start: Buffer.from('a'), end: Buffer.from('z'), sequence }));
  return new VersionFilter({
    stripes: new SnapshotStripes(snapshots),
    tombstones: RangeTombstoneSet.of(tombstones),
    deeperKeys: new DeeperKeys(hasDeeper ? [range] : []),
    expiryCutoffMs: NOW_MS,
  });
}

/** What stays of the versions of one key: its sequences, those that became deletes as negative numbers. */
function keptBy(filter: VersionFilter, versions: readonly Version[]): number[] {
  filter.startKey();
  return versions.flatMap(({ sequence, kind, value }) => {
    const fate = filter.decide(KEY, 0, KEY.length, sequence, kind, value, 0, value.length);
    if (fate === VERSION_DROPPED) return [];
    return [fate === VERSION_KEPT_AS_DELETE ? -sequence : sequence];
  });
}

describe('which versions of a key a merge keeps', () => {
  it.each<[what: string, versions: Version[], scene: Scene, kept: number[]]>([
    ['the only one', [put(5)], {}, [5]],
    ['of two that all readers see, the newer', [put(5), put(3)], {}, [5]],
    ['of many, only the newest', [put(8), put(7), del(6), put(5)], {}, [8]],
    ['both, if a reader stands between them', [put(5), put(3)], { snapshots: [4] }, [5, 3]],
    ['both, if a reader stands at the older', [put(5), put(4)], { snapshots: [4] }, [5, 4]],
    ['one, if a reader stands at the newer', [put(5), put(4)], { snapshots: [5] }, [5]],
    ['one of each stripe', [put(9), put(8), put(4), put(3)], { snapshots: [7] }, [9, 4]],
    [
      'one of each of many stripes',
      [put(9), put(8), put(6), put(5), put(2), put(1)],
      { snapshots: [3, 5, 7] },
      [9, 6, 5, 2],
    ],
    ['no tombstone with nothing below', [del(5)], {}, []],
    ['no tombstone with nothing below, and nothing that it hides', [del(5), put(3), put(2)], {}, []],
    ['a tombstone over deeper tables, but nothing that it hides', [del(5), put(3)], { hasDeeper: true }, [5]],
    ['a tombstone that some reader does not see yet', [del(5), put(3)], { snapshots: [4] }, [5, 3]],
    ['no tombstone that a reader stands just at', [del(5), put(3)], { snapshots: [5] }, []],
    ['no tombstone in the oldest stripe, whatever is above', [put(7), del(5), put(3)], { snapshots: [6] }, [7]],
    ['everything, if the reader is older than all', [put(7), del(5), put(3)], { snapshots: [1, 4, 6] }, [7, 5, 3]],
    ['nothing of nothing', [], {}, []],
  ])('%s', (_, versions, scene, kept) => {
    expect(keptBy(filterOf(scene), versions)).toEqual(kept);
  });

  it('each key on its own', () => {
    const filter = filterOf({});
    expect(keptBy(filter, [del(5), put(4)])).toEqual([]);
    expect(keptBy(filter, [put(3), put(2)])).toEqual([3]);
    expect(keptBy(filter, [put(8)])).toEqual([8]);
  });
});

describe('which versions under a range delete a merge keeps', () => {
  it.each<[what: string, versions: Version[], scene: Scene, kept: number[]]>([
    ['none', [put(5), put(3)], { rangeDeletes: [6] }, []],
    ['one that is newer', [put(7), put(3)], { rangeDeletes: [6] }, [7]],
    ['one that a reader sees without it', [put(5), put(3)], { rangeDeletes: [6], snapshots: [5] }, [5]],
    ['none that a newer reader alone sees', [put(5), put(3)], { rangeDeletes: [6], snapshots: [3] }, [3]],
    [
      'what the delete of its own stripe leaves',
      [put(9), put(5), put(4), put(2)],
      { rangeDeletes: [8, 3], snapshots: [4, 6] },
      [9, 5, 4],
    ],
    ['no delete that it covers', [del(5), put(3)], { rangeDeletes: [6], hasDeeper: true }, []],
  ])('%s', (_, versions, scene, kept) => {
    expect(keptBy(filterOf(scene), versions)).toEqual(kept);
  });
});

describe('what a merge makes of a version that expires', () => {
  it.each<[what: string, versions: Version[], scene: Scene, kept: number[]]>([
    ['kept before its time', [expiring(5, NOW_MS + 1), put(3)], {}, [5]],
    ['gone with all that it hides', [expiring(5, NOW_MS), put(3)], {}, []],
    ['a delete over deeper tables', [expiring(5, NOW_MS), put(3)], { hasDeeper: true }, [-5]],
    ['a delete while a reader sees what it hides', [expiring(5, NOW_MS), put(3)], { snapshots: [4] }, [-5, 3]],
    ['hidden by what is newer', [put(6), expiring(5, NOW_MS), put(3)], {}, [6]],
  ])('%s', (_, versions, scene, kept) => {
    expect(keptBy(filterOf(scene), versions)).toEqual(kept);
  });
});

// law 5
describe('a version that expires and is too short to say when', () => {
  it('is damage, and not a version that has what stands behind it for its time', () => {
    const short = { sequence: 5, kind: KIND_PUT_EXPIRING, value: Uint8Array.of(1, 2, 3) };
    expect(() => keptBy(filterOf({}), [short])).toThrow(CorruptionError);
  });
});
