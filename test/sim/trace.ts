/** A fingerprint of all that happened, in order: equal for two runs only if they did the same. */
export class Trace {
  #hash = 0x811c9dc5;
  lineCount = 0;

  add(line: string): void {
    let hash = this.#hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.#hash = Math.imul(hash ^ 10, 0x01000193);
    this.lineCount++;
  }

  toString(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
