import { VERIFY_DAMAGES_MAX } from '../../base/limits.js';
import type { Finding } from '../finding.js';

/** What was read of one kind of file. */
export interface VerifiedFiles {
  readonly files: number;
  readonly bytes: number;
  /** Manifest: files that it names. Log: puts and deletes. Tables: entries. Blob files: values that tables refer to. Quarantine: entries. */
  readonly entries: number;
}

export interface VerifiedQuarantine extends VerifiedFiles {
  readonly tenants: number;
  readonly segments: number;
}

/** Plain data, safe to print as JSON. */
export interface VerifyReport {
  readonly directory: string;
  /** No findings. */
  readonly isSound: boolean;
  readonly manifest: VerifiedFiles;
  readonly log: VerifiedFiles;
  readonly tables: VerifiedFiles;
  readonly blobs: VerifiedFiles;
  readonly quarantine: VerifiedQuarantine;
  /** Everything that is not as it was written. */
  readonly findings: readonly Finding[];
  /** Damages beyond those: of one file, and of all together, so many are listed and no more. */
  readonly omittedFindings: number;
  /** What is no damage: a torn tail, files that are left over from a crash. */
  readonly notes: readonly Finding[];
  readonly elapsedMs: number;
}

const FINDINGS_MAX = 10 * VERIFY_DAMAGES_MAX;

export interface MutableVerifiedFiles {
  files: number;
  bytes: number;
  entries: number;
}

/** Collects a report (law 8: within limits, however much is damaged). */
export class VerifyFindings {
  readonly manifest: MutableVerifiedFiles = { files: 0, bytes: 0, entries: 0 };
  readonly log: MutableVerifiedFiles = { files: 0, bytes: 0, entries: 0 };
  readonly tables: MutableVerifiedFiles = { files: 0, bytes: 0, entries: 0 };
  readonly blobs: MutableVerifiedFiles = { files: 0, bytes: 0, entries: 0 };
  readonly quarantine = { files: 0, bytes: 0, entries: 0, tenants: 0, segments: 0 };
  readonly #findings = new Map<string, Finding>();
  readonly #notes: Finding[] = [];
  #omitted = 0;

  /** What several checks come upon counts once. */
  add(finding: Finding): void {
    const identity = `${finding.file} ${finding.offsetBytes} ${finding.problem}`;
    if (this.#findings.has(identity)) return;
    if (this.#findings.size < FINDINGS_MAX) this.#findings.set(identity, finding);
    else this.#omitted++;
  }

  /** Whether something was found at that very place. */
  hasAt({ file, offsetBytes }: Finding): boolean {
    return [...this.#findings.values()].some((found) => found.file === file && found.offsetBytes === offsetBytes);
  }

  omit(count: number): void {
    this.#omitted += count;
  }

  note(note: Finding): void {
    if (this.#notes.length < FINDINGS_MAX) this.#notes.push(note);
  }

  report(directory: string, elapsedMs: number): VerifyReport {
    const findings = [...this.#findings.values()].sort(compareFindings);
    return {
      directory,
      isSound: findings.length === 0,
      manifest: this.manifest,
      log: this.log,
      tables: this.tables,
      blobs: this.blobs,
      quarantine: this.quarantine,
      findings,
      omittedFindings: this.#omitted,
      notes: this.#notes,
      elapsedMs,
    };
  }
}

const KINDS: readonly Finding['kind'][] = ['current', 'manifest', 'log', 'table', 'blob', 'quarantine', 'other'];

function compareFindings(a: Finding, b: Finding): number {
  const byKind = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  if (byKind !== 0) return byKind;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.offsetBytes ?? -1) - (b.offsetBytes ?? -1);
}
