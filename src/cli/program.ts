import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { PROFILE_SECONDS_MAX, PROFILE_SECONDS_MIN } from '../base/limits.js';
import { TENANT_DEFAULT } from '../engine/ingest/judge-item.js';
import {
  type BackupFlags,
  backupCommand,
  listBackupsCommand,
  type RestoreFlags,
  removeBackupsCommand,
  restoreCommand,
} from './backup/backup-command.js';
import { type CheckpointFlags, checkpointCommand } from './checkpoint-command.js';
import type { CliEnvironment } from './cli-environment.js';
import { type CompactFlags, compactCommand } from './compact-command.js';
import { formatReport, formatStacks, reportOf } from './error-report.js';
import { EXIT_CODES_HELP, EXIT_OK, EXIT_USAGE } from './exit-codes.js';
import { type GetFlags, getCommand } from './get-command.js';
import { type IngestFlags, ingestCommand } from './ingest-command.js';
import { keepingQuarantine } from './keep-quarantine.js';
import { Output } from './output.js';
import { packageVersion } from './package-version.js';
import { type ProfileFlags, profileCommand } from './profile/profile-command.js';
import { addQuarantine } from './quarantine/add-quarantine.js';
import { FORMAT_NAMES } from './record-reader/record-reader.js';
import { type RepairFlags, repairCommand } from './repair-command.js';
import { type ScanFlags, scanCommand } from './scan-command.js';
import { type SizeFlags, sizeCommand } from './size-command.js';
import { type StatsFlags, statsCommand } from './stats-command.js';
import { type VerifyFlags, verifyCommand } from './verify-command.js';
import { wholeNumber } from './whole-number.js';

const RECORDS_PER_BATCH_DEFAULT = 1000;
const RECORDS_PER_BATCH_MAX = 100_000;

/** Runs one command line, without `node` and the script's name. Never throws: what goes wrong is printed. Returns the exit code. */
export async function runCli(argv: readonly string[], given: CliEnvironment): Promise<number> {
  const environment = { ...given, openDatabase: keepingQuarantine(given.openDatabase) };
  let exitCode = EXIT_OK;
  let help = '';
  const finish = (code: number): void => {
    exitCode = code;
  };
  const program = buildProgram(environment, finish, (text) => {
    help += text;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Its own message is printed by then; help and version are not, as their reader may be gone.
      await new Output(environment.stdout).write(help);
      return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    }
    const report = reportOf(error);
    environment.stderr.write(formatReport(report, argv.includes('--json')));
    if (argv.includes('--debug')) environment.stderr.write(formatStacks(error));
    return report.exitCode;
  }
}

type Finish = (exitCode: number) => void;

function buildProgram(environment: CliEnvironment, finish: Finish, writeOut: (text: string) => void): Command {
  const program = new Command('steme')
    .description('An embedded LSM storage engine, from the command line.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: (text) => environment.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'steme: ')),
    })
    .showHelpAfterError('hint: see "steme --help" and "steme COMMAND --help"')
    .addHelpText('after', EXIT_CODES_HELP);
  addIngest(program, environment, finish);
  addGet(program, environment, finish);
  addScan(program, environment, finish);
  addStats(program, environment, finish);
  addSize(program, environment, finish);
  addCompact(program, environment, finish);
  addCheckpoint(program, environment, finish);
  addBackup(program, environment, finish);
  addRestore(program, environment, finish);
  addQuarantine(program, environment, finish, { database: databaseCommand, reading: readingCommand });
  addVerify(program, environment, finish);
  addRepair(program, environment, finish);
  addProfile(program, environment, finish);
  return program;
}

function addIngest(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'ingest')
    .description(
      'store the records of a file, or of standard input with "-", and what cannot be taken in the quarantine; makes the database if there is none',
    )
    .argument('<FILE|->', 'what to read')
    .addOption(
      new Option(
        '--format <format>',
        'how records stand in the file (default: by its ending, otherwise lines)',
      ).choices(FORMAT_NAMES),
    )
    .option('--key <field>', 'make keys from this field; in ndjson a dotted path')
    .option('--timestamp <field>', 'begin keys with the time in this field')
    .option('--source <name>', 'the name in keys and rejections (default: the file name, or stdin)')
    .option('--tenant <id>', 'whose quarantine takes what is rejected', TENANT_DEFAULT)
    .option('--tenant-field <field>', 'a rejected record goes to the tenant in this field, and without one to --tenant')
    .option('--batch <records>', 'records per atomic batch', recordsPerBatch, RECORDS_PER_BATCH_DEFAULT)
    .option('--no-sync', 'sync once at the end, not batch by batch; a power failure before that may lose records')
    .option('--strict', 'exit with code 6 if any record was rejected')
    .action(async (file: string, flags: IngestFlags) => finish(await ingestCommand(file, flags, environment)));
}

function addGet(program: Command, environment: CliEnvironment, finish: Finish): void {
  readingCommand(program, 'get')
    .description('print the value of a key, byte for byte')
    .argument('<KEY>', 'the key, as UTF-8')
    .action(async (key: string, flags: GetFlags) => finish(await getCommand(key, flags, environment)));
}

function addScan(program: Command, environment: CliEnvironment, finish: Finish): void {
  readingCommand(program, 'scan')
    .description('print entries in the order of their keys, one a line')
    .option('--gte <key>', 'from this key on')
    .option('--gt <key>', 'from after this key on')
    .option('--lte <key>', 'up to this key')
    .option('--lt <key>', 'up to before this key')
    .option('--reverse', 'from the last to the first')
    .option('--limit <entries>', 'at most this many', wholeNumber)
    .option('--keys-only', 'leave the values out')
    .action(async (flags: ScanFlags) => finish(await scanCommand(flags, environment)));
}

function addStats(program: Command, environment: CliEnvironment, finish: Finish): void {
  readingCommand(program, 'stats')
    .description('print what is in the database, level by level')
    .action(async (flags: StatsFlags) => finish(await statsCommand(flags, environment)));
}

function addSize(program: Command, environment: CliEnvironment, finish: Finish): void {
  readingCommand(program, 'size')
    .description('print about how many bytes a range of keys takes, without reading it')
    .option('--gte <key>', 'from this key on')
    .option('--lt <key>', 'up to before this key')
    .action(async (flags: SizeFlags) => finish(await sizeCommand(flags, environment)));
}

function addCompact(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'compact')
    .description('merge a range of keys, or everything, into one sorted run without what is deleted or replaced')
    .option('--gte <key>', 'from this key on')
    .option('--lt <key>', 'up to before this key')
    .action(async (flags: CompactFlags) => finish(await compactCommand(flags, environment)));
}

function addCheckpoint(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'checkpoint')
    .description('make a database of this moment in another directory, by hard links where they are to be had')
    .argument('<TO>', 'a directory that is empty or not there')
    .action(async (to: string, flags: CheckpointFlags) => finish(await checkpointCommand(to, flags, environment)));
}

function addBackup(program: Command, environment: CliEnvironment, finish: Finish): void {
  // Not required: `ls` and `rm` know no database.
  const backup = command(program, 'backup')
    .description('add a backup to a directory of backups; files that an earlier one has are not copied again')
    .option('--db <dir>', 'directory of the database')
    .argument('<TO>', 'the directory of backups; made if there is none')
    .action(async (to: string, flags: BackupFlags) => finish(await backupCommand(to, flags, environment)));
  command(backup, 'ls')
    .description('print the backups in a directory')
    .argument('<BACKUPS>', 'the directory of backups')
    // `backup` has options of the same names, and takes them wherever they stand.
    .action(async (from: string, _flags: BackupFlags, ls: Command) =>
      finish(await listBackupsCommand(from, ls.optsWithGlobals<BackupFlags>(), environment)),
    );
  command(backup, 'rm')
    .description('remove backups, and the files that no other one has')
    .argument('<BACKUPS>', 'the directory of backups')
    .argument('<ID...>', 'what to remove', (text: string, ids: number[] = []) => [...ids, wholeNumber(text)])
    .action(async (from: string, ids: number[]) => finish(await removeBackupsCommand(from, ids, environment)));
}

function addRestore(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'restore')
    .description('make a database of a backup, in a directory that is empty or not there')
    .argument('<BACKUPS>', 'the directory of backups')
    .option('--id <id>', 'which one (default: the last)', wholeNumber)
    .action(async (from: string, flags: RestoreFlags) => finish(await restoreCommand(from, flags, environment)));
}

function addVerify(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'verify')
    .description('read everything and report each damage with file and offset; writes nothing')
    .option('--threads <n>', 'worker threads (default: one a core)', wholeNumber)
    .action(async (flags: VerifyFlags) => finish(await verifyCommand(flags, environment)));
}

function addRepair(program: Command, environment: CliEnvironment, finish: Finish): void {
  databaseCommand(program, 'repair')
    .description(
      'make a damaged database usable again, of all that is intact; nothing is deleted, see lost/ afterwards',
    )
    .option('--dry-run', 'tell what would be done, and write nothing; exit with code 5 if there is damage')
    .action(async (flags: RepairFlags) => finish(await repairCommand(flags, environment)));
}

function addProfile(program: Command, environment: CliEnvironment, finish: Finish): void {
  command(program, 'profile')
    .description('run a Node program, and draw where its time goes: a flame graph with the phases of the engine')
    .argument('[PROGRAM...]', 'what to run, after "--": -- node app.js')
    .option('--out <file>', '.svg: a graph; .json: to compare it later (default: profile-KIND.svg)')
    .option('--seconds <seconds>', 'only so long from its start (default: to its end)', secondsOf)
    .addOption(
      new Option('--kind <kind>', 'time, or memory that JavaScript allocates').choices(['cpu', 'alloc']).default('cpu'),
    )
    .option('--diff <files...>', 'run nothing: draw two saved profiles, BEFORE and AFTER, as one graph')
    .action(async (words: string[], flags: ProfileFlags) => finish(await profileCommand(words, flags, environment)));
}

function databaseCommand(program: Command, name: string): Command {
  return command(program, name).requiredOption('--db <dir>', 'directory of the database');
}

function readingCommand(program: Command, name: string): Command {
  return databaseCommand(program, name).option(
    '--read-around',
    'open a damaged database too: what is intact can be read, and the rest is an error where it is met',
  );
}

function command(program: Command, name: string): Command {
  return program
    .command(name)
    .option('--json', 'print JSON, errors too')
    .option('--debug', 'print stacks with errors')
    .addHelpText('after', '\nExit codes: see "steme --help".\n');
}

function recordsPerBatch(text: string): number {
  const records = wholeNumber(text);
  if (records >= 1 && records <= RECORDS_PER_BATCH_MAX) return records;
  throw new InvalidArgumentError(`It must be 1 to ${RECORDS_PER_BATCH_MAX}.`);
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= PROFILE_SECONDS_MIN && seconds <= PROFILE_SECONDS_MAX) return seconds;
  throw new InvalidArgumentError(`It must be ${PROFILE_SECONDS_MIN} to ${PROFILE_SECONDS_MAX}.`);
}
