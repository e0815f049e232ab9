import type { WeightUnit } from './stack-profile.js';

/** Text between tags and in attributes. What XML 1.0 cannot hold at all is left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const TIME_UNITS = ['ns', 'µs', 'ms', 's'];
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `12.3 ms`, `4.56 MB`: three digits that say something. */
export function formatWeight(weight: number, unit: WeightUnit): string {
  const names = unit === 'us' ? TIME_UNITS : BYTE_UNITS;
  let value = unit === 'us' ? weight * 1000 : weight;
  let at = 0;
  while (Math.abs(value) >= 999.5 && at < names.length - 1) {
    value /= 1000;
    at++;
  }
  return `${threeDigits(value)} ${names[at]}`;
}

export function formatShare(part: number, whole: number): string {
  return `${threeDigits(whole === 0 ? 0 : (part / whole) * 100)} %`;
}

/** `+12 %`, `−3.4 %`, `new`, `gone`. */
export function formatChange(before: number, after: number): string {
  if (before === after) return 'the same';
  if (before === 0) return 'new';
  if (after === 0) return 'gone';
  const percent = (after / before - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${threeDigits(Math.abs(percent))} %`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}
