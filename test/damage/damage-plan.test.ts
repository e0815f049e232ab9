import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { applyHarm, damageableFiles, smallOtherDatabase } from '../support/damage.js';
import { describeHarm, planDamage } from '../support/damage-plan.js';
import { DIRECTORY, openOn, readWhole } from '../support/test-database.js';

/** A page of zeros, two alike, the same manifest number in the other database. */
const MAY_CHANGE_NOTHING = new Set(['zeroed page', 'swapped blocks', 'of another database']);

async function closedDatabase(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  const db = await openOn(disk, { blobThreshold: 2000 });
  for (let i = 0; i < 300; i++) await db.put(`key ${i}`, `${i}`.repeat(i % 50 === 0 ? 1000 : 20));
  await db.flush();
  await db.put('in the log', 'yes');
  await db.close();
  return disk;
}

test('one seed plans the same harms, another seed others', async () => {
  const files = await damageableFiles(await closedDatabase(), DIRECTORY);
  const plan = (seed: number) => planDamage(files, new Prng(seed), 20);
  expect(plan(1)).toEqual(plan(1));
  expect(plan(2)).not.toEqual(plan(1));
  expect(plan(1).length).toBeGreaterThan(5);
});

test('each harm changes its file as its line says, and no other', async () => {
  const disk = await closedDatabase();
  const files = await damageableFiles(disk, DIRECTORY);
  const kinds = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const [harm] = planDamage(files, new Prng(seed), 1);
    const copy = disk.clone();
    await applyHarm(copy, DIRECTORY, harm, await smallOtherDatabase(9));
    kinds.add(harm.kind);
    for (const { name } of files) {
      const isThere = await copy.exists(`${DIRECTORY}/${name}`);
      const isSame = isThere && Buffer.compare(await readWhole(copy, name), await readWhole(disk, name)) === 0;
      if (name !== harm.file) expect(isSame, describeHarm(harm)).toBe(true);
      else if (!MAY_CHANGE_NOTHING.has(harm.kind)) expect(isSame, describeHarm(harm)).toBe(false);
    }
  }
  expect([...kinds].sort()).toEqual([
    'bit flip',
    'emptied',
    'extended',
    'missing',
    'of another database',
    'swapped blocks',
    'truncation',
    'zeroed page',
  ]);
});
