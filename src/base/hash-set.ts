/** The share of its places that may be taken: beyond it walks to a free one grow long. */
const FULL_SHARE = 0.6;
const CAPACITY_MIN = 16;
/** Odd: spreads hashes whose lower bits are alike. */
const SPREAD = 0x9e3779b1;
const TWO_32 = 2 ** 32;

/**
 * A set of hashes: whole numbers from 0 up to, not including, 2^53 - 1. In one array with open addressing: for numbers beyond 31 bits
 * a `Set` allocates each, and takes ten times as long.
 */
export class HashSet {
  /** Each hash plus 1; 0 is a free place. */
  #places = new Float64Array(CAPACITY_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(hash: number): void {
    if (this.#size >= this.#places.length * FULL_SHARE) this.#grow();
    if (this.#put(this.#places, hash + 1)) this.#size++;
  }

  has(hash: number): boolean {
    return this.#places[this.#placeOf(this.#places, hash + 1)] !== 0;
  }

  *values(): Generator<number, void> {
    for (const value of this.#places) if (value !== 0) yield value - 1;
  }

  #grow(): void {
    const places = new Float64Array(this.#places.length * 2);
    for (const value of this.#places) if (value !== 0) this.#put(places, value);
    this.#places = places;
  }

  /** Returns whether it was not there. */
  #put(places: Float64Array, value: number): boolean {
    const place = this.#placeOf(places, value);
    const isNew = places[place] === 0;
    places[place] = value;
    return isNew;
  }

  /** Where the value is, or the free place where it would go. */
  #placeOf(places: Float64Array, value: number): number {
    const mask = places.length - 1;
    const high = Math.floor(value / TWO_32);
    let place = Math.imul((value - high * TWO_32) ^ high, SPREAD) >>> 0;
    place = (place ^ (place >>> 15)) & mask;
    while (places[place] !== 0 && places[place] !== value) place = (place + 1) & mask;
    return place;
  }
}
