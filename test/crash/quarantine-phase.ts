/**
 * What a child that works with the quarantine can be killed in the middle of. Most phases are file operations, some are calls:
 *
 *     opening    an open, with what was left in the intake on its way to the segments
 *     append     entries on their way into the intake
 *     rotation   an intake file is begun, given back, or made ahead
 *     settling   entries on their way from the intake to the segment of their tenant
 *     sealing    the manifest of a tenant is written: a segment has ended, or is about to be removed
 *     cleanup    a purge, or the removal of a segment
 *     replay     entries are handed on
 *     marking    the batch of a replay on its way into the log of the tree
 *     ingest     a source is taken in
 *     closing
 */
import type { FileOperation } from '../../src/fs/file-operation.js';

export const QUARANTINE_PHASES = [
  'opening',
  'append',
  'rotation',
  'settling',
  'sealing',
  'cleanup',
  'replay',
  'marking',
  'ingest',
  'closing',
] as const;
export type QuarantinePhase = (typeof QUARANTINE_PHASES)[number];

/** Those that are calls: the kill comes after a time. In the others it comes at an operation. */
export const CALL_PHASES: ReadonlySet<QuarantinePhase> = new Set(['opening', 'replay', 'ingest', 'closing']);

const CHANGES = new Set<FileOperation['kind']>(['open', 'write', 'datasync', 'truncate', 'rename', 'remove']);
const INTAKE = /\/quarantine\/\d+\.intake$/;
const SPARE = /\/quarantine\/\d+\.recycled$/;
const SEGMENT = /\/quarantine\/[^/]+\/\d+\.segment$/;
const TENANT_MANIFEST = /\/quarantine\/[^/]+\/MANIFEST(\.tmp)?$/;
const QUARANTINE = /\/quarantine$/;
const LOG = /\/\d+\.log$/;

/** The phase that a file operation is, if it is one. */
export function phaseOf(operation: FileOperation, isReplaying: boolean): QuarantinePhase | undefined {
  const { kind, path, to = '', mode, positionBytes } = operation;
  if (kind === 'syncDirectory') return QUARANTINE.test(path) ? 'rotation' : undefined;
  if (!CHANGES.has(kind) || (kind === 'open' && mode === 'read')) return undefined;
  if (INTAKE.test(path)) {
    const isEntry = (kind === 'write' && positionBytes !== 0) || kind === 'datasync';
    return isEntry ? 'append' : 'rotation';
  }
  if (SPARE.test(path) || INTAKE.test(to)) return 'rotation';
  if (SEGMENT.test(path)) return kind === 'remove' ? 'cleanup' : 'settling';
  if (TENANT_MANIFEST.test(path)) return 'sealing';
  return LOG.test(path) && isReplaying ? 'marking' : undefined;
}

/** Where in an operation: before it is asked for, while it is on its way, or when it is done and nobody knows yet. */
export type KillPoint = 'before' | 'during' | 'after';

/** When to kill: in the so-many-eth run of a phase. */
export interface QuarantineAim {
  /** `any`: from outside, after a time. */
  readonly phase: QuarantinePhase | 'any';
  /** From 1. */
  readonly occurrence: number;
  /** Of an operation. */
  readonly point: KillPoint;
  /** Of a call, and of a life that is ended from outside: so long after its start. */
  readonly delayMs: number;
  /** How long an operation is on its way. */
  readonly spinMs: number;
}
