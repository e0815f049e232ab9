import type { Micro } from './micro.js';

/**
 * Those of which a part of the name begins with one of `wanted`; all where nothing is asked for. An error names every micro for a name
 * that none has.
 */
export function selectMicros(micros: readonly Micro[], wanted: readonly string[]): readonly Micro[] {
  const unknown = wanted.filter((part) => !micros.some((micro) => isMeant(micro, part)));
  if (unknown.length > 0) throw new Error(unknownMessage(micros, unknown));
  if (wanted.length === 0) return micros;
  return micros.filter((micro) => wanted.some((part) => isMeant(micro, part)));
}

function isMeant({ name }: Micro, wanted: string): boolean {
  return `/${name}`.includes(`/${wanted}`);
}

function unknownMessage(micros: readonly Micro[], unknown: readonly string[]): string {
  const names = micros.map(({ name }) => name).join(', ');
  return `no micro is named ${unknown.map((part) => `"${part}"`).join(' or ')}; there are ${names}`;
}
