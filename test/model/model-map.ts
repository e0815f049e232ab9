/** What a database must hold: keys, values and times of expiry, and nothing else of an engine. */

interface ModelValue {
  readonly value: string;
  /** Infinity if it never expires. */
  readonly expiresAtMs: number;
}

export interface ModelRange {
  readonly gte?: string | undefined;
  readonly gt?: string | undefined;
  readonly lte?: string | undefined;
  readonly lt?: string | undefined;
}

export interface ModelScan extends ModelRange {
  readonly reverse: boolean;
  readonly limit: number;
}

/** Keys order by their bytes. */
export function orderOf(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export class ModelMap {
  readonly #values: Map<string, ModelValue>;

  constructor(values: Iterable<readonly [string, ModelValue]> = []) {
    this.#values = new Map(values);
  }

  put(key: string, value: string, expiresAtMs: number): void {
    this.#values.set(key, { value, expiresAtMs });
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  deleteRange(gte: string, lt: string): void {
    for (const key of [...this.#values.keys()]) {
      if (orderOf(key, gte) >= 0 && orderOf(key, lt) < 0) this.#values.delete(key);
    }
  }

  get(key: string, nowMs: number): string | undefined {
    const found = this.#values.get(key);
    return found === undefined || found.expiresAtMs <= nowMs ? undefined : found.value;
  }

  /** The entries of a scan; with `seek` it begins there. */
  scan(scan: ModelScan, nowMs: number, seek?: string): [string, string][] {
    const entries: [string, string][] = [];
    for (const [key, { value, expiresAtMs }] of this.#values) {
      if (expiresAtMs > nowMs && isInside(scan, key) && isReached(scan, key, seek)) entries.push([key, value]);
    }
    entries.sort(([a], [b]) => (scan.reverse ? orderOf(b, a) : orderOf(a, b)));
    return entries.slice(0, scan.limit);
  }

  /** This moment, however the map changes later. */
  freeze(): ModelMap {
    return new ModelMap(this.#values);
  }
}

/** Of two bounds for one side the inclusive one counts. */
function isInside({ gte, gt, lte, lt }: ModelRange, key: string): boolean {
  const isAbove = gte !== undefined ? orderOf(key, gte) >= 0 : gt === undefined || orderOf(key, gt) > 0;
  const isBelow = lte !== undefined ? orderOf(key, lte) <= 0 : lt === undefined || orderOf(key, lt) < 0;
  return isAbove && isBelow;
}

function isReached({ reverse }: ModelScan, key: string, seek: string | undefined): boolean {
  if (seek === undefined) return true;
  return reverse ? orderOf(key, seek) <= 0 : orderOf(key, seek) >= 0;
}
