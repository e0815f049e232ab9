/**
 * Damages a database on purpose, one line for each harm. `npm run damage -- --db DIR --seed S [--kind table] [--count N]`: the same seed
 * does the same to the same files. The database must be closed, and is ruined: work on a copy.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { Prng } from '../../src/base/prng.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { applyHarm, damageableFiles, smallOtherDatabase } from '../support/damage.js';
import { describeHarm, FILE_KINDS, type FileKind, planDamage } from '../support/damage-plan.js';

interface Flags {
  readonly db: string;
  readonly seed: number;
  readonly kind?: FileKind;
  readonly count: number;
}

const command = new Command('damage')
  .description('Damage the files of a closed database, to see what becomes of it.')
  .requiredOption('--db <directory>', 'the database; work on a copy')
  .option('--seed <number>', 'one seed always does the same', wholeNumber, 1)
  .addOption(new Option('--kind <kind>', 'only files of this kind').choices(FILE_KINDS))
  .option('--count <number>', 'how many harms', wholeNumber, 1)
  .parse();
const flags = command.opts<Flags>();

const lock = await realFileSystem.lock(flags.db);
try {
  const files = await damageableFiles(realFileSystem, flags.db);
  const chosen = files.filter(({ kind }) => flags.kind === undefined || kind === flags.kind);
  const harms = planDamage(chosen, new Prng(flags.seed), flags.count);
  if (harms.length === 0) command.error(`there is no ${flags.kind ?? 'database'} file in ${flags.db}`);
  const otherDatabase = await smallOtherDatabase(flags.seed);
  for (const harm of harms) {
    await applyHarm(realFileSystem, flags.db, harm, otherDatabase);
    process.stdout.write(`${describeHarm(harm)}\n`);
  }
} finally {
  await lock.release();
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('it must be a whole number.');
  return Number(text);
}
