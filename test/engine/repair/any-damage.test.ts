import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { expectHonestRepair, repairOn } from '../../support/repair-rig.js';
import { richDatabase } from '../../support/rich-database.js';
import { DIRECTORY, filesOf, readWhole, replaceFile } from '../../support/test-database.js';

const SEEDS = 40;
const PAGE_BYTES = 512;
const rich = [await richDatabase('none'), await richDatabase('lz4')];

/** One harm, drawn: a bit flipped, a page of zeros, a cut, bytes too many, or a file removed of which others tell. */
async function harm(disk: MemoryFileSystem, prng: Prng): Promise<string> {
  const name = prng.pick((await filesOf(disk)).filter((one) => !/LOCK|recycled/.test(one)));
  const bytes = await readWhole(disk, name);
  const at = prng.below(bytes.length);
  switch (prng.below(5)) {
    case 0:
      bytes.fill(0, at, at + PAGE_BYTES);
      break;
    case 1:
      await replaceFile(disk, name, bytes.slice(0, at));
      return name;
    case 2:
      await replaceFile(disk, name, Buffer.concat([bytes, bytes.subarray(0, PAGE_BYTES)]));
      return name;
    case 3:
      if (/blob|MANIFEST|CURRENT/.test(name)) {
        await disk.remove(`${DIRECTORY}/${name}`);
        return name;
      }
      bytes[at] ^= 0xff;
      break;
    default:
      bytes[at] ^= 1 << prng.below(8);
  }
  await replaceFile(disk, name, bytes);
  return name;
}

describe('a repair after any damage', () => {
  it(`is honest: seeds 1 to ${SEEDS}`, async () => {
    let damagedCount = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const prng = new Prng(seed);
      const base = prng.pick(rich);
      const disk = base.disk.clone();
      const harmed: string[] = [];
      for (let count = 1 + prng.below(4); count > 0; count--) harmed.push(await harm(disk, prng));
      try {
        const report = await repairOn(disk);
        if (report.isDamaged) damagedCount++;
        await expectHonestRepair(
          disk,
          report,
          base,
          harmed.some((name) => name.endsWith('.log')),
        );
        expect(await repairOn(disk)).toMatchObject({ isDamaged: false });
      } catch (error) {
        throw new Error(`seed ${seed}: ${harmed.join(', ')}`, { cause: error });
      }
    }
    expect(damagedCount).toBeGreaterThan(SEEDS / 2);
  });
});
