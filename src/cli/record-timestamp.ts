/**
 * Timestamps of records, made sortable: UTC with microseconds and a fixed width, `2026-11-23T10:23:20.123456Z`. Bytewise
 * order is order in time. Finer digits are dropped. A time without a zone is UTC, so that the same data gives the same
 * keys on every machine.
 */
const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([Zz]|[+-]\d{2}(?::?\d{2})?))?)?$/;
const EPOCH = /^-?\d{1,19}(?:\.\d+)?$/;

const MICROS_PER_MS = 1000;
const MICROS_PER_SECOND = 1_000_000;
const MS_PER_MINUTE = 60_000;
/** Years 0000 to 9999: those that four digits hold. */
const MS_MIN = Date.parse('0000-01-01T00:00:00.000Z');
const MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** The sortable form of an ISO 8601 string or of a number of seconds, ms, µs or ns since 1970; undefined if it is neither. */
export function sortableTimestamp(value: unknown): string | undefined {
  const micros = microsOf(value);
  return micros === undefined ? undefined : formatMicros(micros);
}

function microsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? microsOfEpoch(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return EPOCH.test(text) ? microsOfEpoch(Number(text)) : microsOfIso(text);
}

/** The unit shows in the size: 10^11 seconds are in the year 5138, 10^11 milliseconds in 1973, and so on up. */
function microsOfEpoch(epoch: number): number {
  const size = Math.abs(epoch);
  if (size < 1e11) return Math.floor(epoch * MICROS_PER_SECOND + 0.5);
  if (size < 1e14) return Math.floor(epoch * MICROS_PER_MS + 0.5);
  if (size < 1e17) return Math.floor(epoch);
  return Math.floor(epoch / 1000);
}

function microsOfIso(text: string): number | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // Date carries 30 February over into March; what comes back differs then.
  const asWritten = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!asWritten || minute > 59 || second > 59) return undefined;
  const fractionMicros = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  return (date.getTime() - zoneMs(match[8])) * MICROS_PER_MS + fractionMicros;
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith('-') ? -minutes : minutes) * MS_PER_MINUTE;
}

function formatMicros(micros: number): string | undefined {
  const ms = Math.floor(micros / MICROS_PER_MS);
  if (ms < MS_MIN || ms > MS_MAX) return undefined;
  const belowMs = micros - ms * MICROS_PER_MS;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(belowMs).padStart(3, '0')}Z`;
}
