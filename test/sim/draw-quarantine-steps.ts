import type { Prng } from '../../src/base/prng.js';
import { type QuarantineDraft, type QuarantineStep, SOURCES, TENANTS } from './quarantine-step.js';

/** Ids that are to be there once. */
const ONCE_IDS = 3;
const HOUR_MS = 3_600_000;

export function drawAppends(prng: Prng): QuarantineStep {
  const count = prng.chance(0.4) ? 2 + prng.below(6) : 1;
  return { kind: 'quarantine', entries: Array.from({ length: count }, () => drawDraft(prng)) };
}

export function drawReplay(prng: Prng): QuarantineStep {
  return {
    kind: 'replay',
    ...(prng.chance(0.3) && { tenant: drawTenant(prng) }),
    ...(prng.chance(0.2) && { reason: prng.pick(['odd', 'bad'] as const) }),
    isDry: prng.chance(0.08),
    isFailing: prng.chance(0.4),
    isFixing: prng.chance(0.2),
    concurrency: prng.pick([1, 2, 3, 256]),
    maxAttempts: prng.pick([1, 2, 5, 1000]),
    ...(prng.chance(0.1) && { rateLimit: prng.pick([1, 10, 1000]) }),
    isAwaited: prng.chance(0.5),
  };
}

export function drawPurge(prng: Prng): QuarantineStep {
  return {
    kind: 'purge',
    tenant: drawTenant(prng),
    ageMs: prng.pick([-1, -1, 1000, 60_000]),
    isAwaited: prng.chance(0.5),
  };
}

export function drawIngest(prng: Prng): QuarantineStep {
  return {
    kind: 'ingest',
    source: prng.below(SOURCES.length),
    batchRecords: prng.pick([1, 2, 3, 5, 100]),
    isAwaited: prng.chance(0.4),
  };
}

/** Long enough that entries go to their segments, and sometimes that retention takes them. */
export function drawAdvanceMs(prng: Prng): number {
  return prng.pick([0, 1, 1000, 1000, 1001, 61_000, 61_000, 5 * 60_000, HOUR_MS]) * (prng.chance(0.03) ? 25 : 1);
}

export function drawClockChange(prng: Prng): QuarantineStep {
  return { kind: 'setClock', ms: prng.pick([-HOUR_MS, -1000, 1000, HOUR_MS]) };
}

function drawDraft(prng: Prng): QuarantineDraft {
  return {
    tenant: drawTenant(prng),
    payloadBytes: prng.pick([0, 10, 100, 700]),
    reason: prng.pick(['odd', 'bad'] as const),
    ...(prng.chance(0.15) && { once: prng.below(ONCE_IDS) }),
  };
}

/** Half of all is of one tenant, so that it has several segments. */
function drawTenant(prng: Prng): number {
  return prng.chance(0.5) ? 0 : prng.below(TENANTS.length);
}
