/**
 * The demo: real data and a million telemetry events go in, the writing process is killed in the middle, and every
 * acknowledged record is shown to be there. Exits with 1 if a record is lost or invented.
 */
import { parseArgs } from 'node:util';
import type { DatabaseStats } from '../../src/engine/api.js';
import { startChild } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { wholeNumber } from '../support/flags.js';
import { startProgress } from '../support/progress.js';
import { say } from '../support/say.js';
import { formatCount } from '../support/text-table.js';
import { emptyWorkDirectory, isInMemory, shownPath } from '../support/work-directory.js';
import { type AuditResult, auditDatabase, isSound } from './audit.js';
import { DEMO_BATCH_RECORDS, DemoData } from './data.js';
import { type BatchRange, decodeReport, type IngestStatus, type IngestTask } from './protocol.js';
import { formatAudit, formatIngestTable, formatRecovery, formatStorageTable } from './report.js';

const { values: flags } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const seed = wholeNumber('seed', flags.seed);
const telemetryCount = wholeNumber('records', flags.records);

/** Kept by this process alone: it holds what arrived through the pipe, whatever became of the writer. */
const ledger = { begun: new Set<number>(), acknowledged: new Set<number>() };

/** Runs the ingest in a process of its own, and kills it once `killAtBatches` batches are acknowledged. */
async function ingest(task: IngestTask, data: DemoData, killAtBatches: number): Promise<IngestStatus> {
  const progress = startProgress('ingest', data.recordCount, 'records');
  let last: IngestStatus | undefined;
  let isKilled = false;
  const child = startChild(new URL('./ingest.ts', import.meta.url), {
    onReport: (line) => {
      const report = decodeReport(line);
      if (report.kind === 'status') last = report.status;
      else if (report.kind === 'begin') ledger.begun.add(report.batch);
      else ledger.acknowledged.add(report.batch);
      progress.update(Math.min(ledger.acknowledged.size * DEMO_BATCH_RECORDS, data.recordCount));
      if (!isKilled && ledger.acknowledged.size >= killAtBatches) isKilled = child.process.kill('SIGKILL');
    },
  });
  child.process.stdin?.end(`${JSON.stringify(task)}\n`);
  const { code, signal } = await child.ended;
  progress.stop();
  const hasEndedAsPlanned = isKilled ? signal === 'SIGKILL' : code === 0;
  if (!hasEndedAsPlanned) throw new Error(`the ingesting process ended with ${signal ?? `code ${code}`}`);
  if (last === undefined) throw new Error('the ingesting process ended before it reported how it is doing');
  return last;
}

async function reopenAndAudit(
  directory: string,
  data: DemoData,
): Promise<{ audit: AuditResult; stats: DatabaseStats }> {
  const { open } = await loadEngine();
  const db = await open(directory);
  const stats = db.stats();
  const progress = startProgress('check', data.recordCount, 'records');
  const audit = await auditDatabase(db, data, ledger, (records) => progress.update(records));
  progress.stop();
  await db.close();
  return { audit, stats };
}

async function main(): Promise<boolean> {
  const directory = emptyWorkDirectory('demo.db');
  const data = new DemoData(seed, telemetryCount);
  const real = formatCount(data.realCount);
  say(
    `StemeDB takes in ${real} real records (earthquakes, flights) and ${formatCount(telemetryCount)} telemetry events.`,
  );
  say('Another process writes; each batch is acknowledged only when it is safe on disk.');
  if (isInMemory(directory)) say(`Note: ${shownPath(directory)} is in memory, so syncs cost nothing here.`);

  const task = { directory, seed, telemetryCount };
  const all: BatchRange[] = [{ first: 0, end: data.batchCount }];
  const killed = await ingest({ ...task, ranges: all }, data, Math.ceil(data.batchCount / 2));
  say(
    `\nKilled it (SIGKILL) after ${formatCount(ledger.acknowledged.size)} acknowledged batches of ${DEMO_BATCH_RECORDS}.`,
  );

  const { audit, stats } = await reopenAndAudit(directory, data);
  say(`Opened the database again: ${formatRecovery(stats)}.`);
  say(`Compared every record with what was written: ${formatAudit(audit)}.`);
  say(
    `${audit.unacknowledgedBatches} batches were written whole though their acknowledgement never arrived: that is allowed.`,
  );
  if (!isSound(audit)) return false;

  const finished = await ingest({ ...task, ranges: audit.missing }, data, Number.POSITIVE_INFINITY);
  const end = await reopenAndAudit(directory, data);
  say(`\nFinished the rest in a new process: ${formatAudit(end.audit)}.`);
  say(`\n${formatIngestTable(killed, finished)}`);
  say(`\n${formatStorageTable(end.stats)}`);
  say(`\nThe database stays in ${shownPath(directory)}.`);
  return isSound(end.audit) && end.audit.foundRecords === data.recordCount;
}

const isProven = await main();
say(isProven ? 'PROVEN: every acknowledged record is there, and none that was never written.' : 'FAILED: see above.');
process.exitCode = isProven ? 0 : 1;
