import { type Command, Option } from 'commander';
import type { CliEnvironment } from '../cli-environment.js';
import { FORMAT_NAMES } from '../record-reader/record-reader.js';
import { wholeNumber } from '../whole-number.js';
import {
  auditsCommand,
  exportCommand,
  type ListFlags,
  listCommand,
  purgeCommand,
  showCommand,
  tenantsCommand,
} from './quarantine-commands.js';
import { momentOf } from './quarantine-flags.js';
import { type ReplayFlags, replayCommand } from './replay-command.js';

type Finish = (exitCode: number) => void;
/** Makes a command below `parent` with the options that all have. */
type MakeCommand = (parent: Command, name: string) => Command;

const WALK_HELP = `
From rejected to stored:
  steme ingest events.ndjson --db DIR --key id         what cannot be taken is in quarantine
  steme quarantine ls --db DIR                         why
  steme quarantine replay --db DIR --key id --fix fix.mjs --dry-run
  steme quarantine replay --db DIR --key id --fix fix.mjs
fix.mjs: export default ({ payload }) => payload.toString().replace(…)
`;

/** `steme quarantine …` */
export function addQuarantine(
  program: Command,
  environment: CliEnvironment,
  finish: Finish,
  make: { readonly database: MakeCommand; readonly reading: MakeCommand },
): void {
  const quarantine = program
    .command('quarantine')
    .description('records that were not accepted: list, show, replay, purge, export')
    .addHelpText('after', WALK_HELP);
  const moment = (text: string): Date => momentOf(text, environment.clock);
  withListing(make.reading(quarantine, 'ls'), moment)
    .description('print entries, one a line: id, tenant, time, attempts, reason, detail, record')
    .action(async (flags: ListFlags) => finish(await listCommand(flags, environment)));
  make
    .reading(quarantine, 'tenants')
    .description('print a row for each tenant')
    .action(async (flags: ListFlags) => finish(await tenantsCommand(flags, environment)));
  make
    .reading(quarantine, 'show')
    .description('print a record as it came, byte for byte')
    .argument('<ID>', 'its id')
    .requiredOption('--tenant <id>', 'whose it is')
    .action(async (id: string, flags: ListFlags & { tenant: string }) =>
      finish(await showCommand(id, flags, environment)),
    );
  withReplaying(withFilter(make.database(quarantine, 'replay'), moment))
    .description('send entries the way of "steme ingest"; what fails stays, with one more attempt')
    .action(async (flags: ReplayFlags) => finish(await replayCommand(flags, environment)));
  make
    .database(quarantine, 'purge')
    .description('remove what was appended before a time, in whole segments')
    .requiredOption('--tenant <id>', 'whose')
    .requiredOption('--before <time>', 'a time, or an age such as 7d', moment)
    .action(async (flags: Parameters<typeof purgeCommand>[0]) => finish(await purgeCommand(flags, environment)));
  withListing(make.reading(quarantine, 'export'), moment)
    .description('print entries whole, a JSON object a line')
    .action(async (flags: ListFlags) => finish(await exportCommand(flags, environment)));
  make
    .reading(quarantine, 'audits')
    .description('print who replayed what, and with what outcome, a JSON object a line')
    .action(async (flags: ListFlags) => finish(await auditsCommand(flags, environment)));
}

function withReplaying(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'how records stand in entries (default: as their content types say)').choices(
        FORMAT_NAMES,
      ),
    )
    .option('--key <field>', 'as of ingest')
    .option('--timestamp <field>', 'as of ingest')
    .option('--fix <module>', 'a module whose default export repairs a record: (record) => payload or undefined')
    .option('--rate <entries>', 'at most so many a second', wholeNumber)
    .option('--max-attempts <n>', 'pass over what was tried so often (default: 5)', wholeNumber)
    .option('--dry-run', 'write nothing, tell what would be replayed')
    .option('--strict', 'exit with code 6 if anything stays');
}

function withListing(command: Command, moment: (text: string) => Date): Command {
  return withFilter(command, moment)
    .option('--limit <entries>', 'at most this many', wholeNumber)
    .option('--all', 'those that were replayed as well');
}

function withFilter(command: Command, moment: (text: string) => Date): Command {
  return command
    .option('--tenant <id>', 'of this tenant alone')
    .option('--from <time>', 'records from this time on: a time, or an age such as 12h', moment)
    .option('--to <time>', 'records before this time', moment)
    .option('--reason <code>', 'that were rejected for this')
    .option('--id <id>', 'of this id');
}
