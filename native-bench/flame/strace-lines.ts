import { fileKind } from './io-trace.js';

export interface BlockedCall {
  readonly atS: number;
  readonly call: string;
  /** The kind of file, or what the descriptor is. */
  readonly file: string;
  readonly us: number;
}

/** `1764122000.123456 fdatasync(21</…/000002.log>) = 0 <0.000164>`, as `strace -y -T -ttt` prints it. */
const LINE = /^(\d+\.\d+) (\w+)\((?:\d+<([^>]*)>)?.* <(\d+\.\d+)>$/;

export function parseBlockedCall(line: string): BlockedCall | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, at, call, target = '', seconds] = match;
  const name = target.slice(target.lastIndexOf('/') + 1);
  const file = target.startsWith('/') ? `${fileKind(name)} files` : target.replace(/:.*/, '') || 'no file';
  return { atS: Number(at), call, file, us: Number(seconds) * 1e6 };
}
