import { InvalidArgumentError } from 'commander';
import type { Clock } from '../../base/clock.js';
import type { QuarantineFilter } from '../../engine/quarantine/quarantine-api.js';
import { sortableTimestamp } from '../record-timestamp.js';

/** Which entries a command is about. */
export interface FilterFlags {
  readonly db: string;
  readonly tenant?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly reason?: string;
  readonly id?: string;
  readonly json?: boolean;
}

export function filterOf({ tenant, from, to, reason, id }: FilterFlags): QuarantineFilter {
  return {
    ...(tenant !== undefined && { tenant }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(reason !== undefined && { reason }),
    ...(id !== undefined && { id }),
  };
}

const AGE = /^(\d+)(m|h|d)$/;
const AGE_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** ISO 8601 or a number since 1970, as in records; or an age: `30m`, `12h`, `7d` ago. */
export function momentOf(text: string, clock: Clock): Date {
  const age = AGE.exec(text);
  if (age !== null) return new Date(clock.nowMs() - Number(age[1]) * AGE_MS[age[2] as keyof typeof AGE_MS]);
  const timestamp = sortableTimestamp(text);
  if (timestamp !== undefined) return new Date(timestamp.replace(/\d{3}Z$/, 'Z'));
  throw new InvalidArgumentError('It must be a time (2026-11-26T10:00:00Z) or an age (30m, 12h, 7d).');
}
