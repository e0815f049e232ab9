/** The engine has no idiom for what the workload measures: there is no such row, and that is no failure. */
export class MissingIdiomError extends Error {
  override readonly name = 'MissingIdiomError';
  /** The member of BenchEngine that it does without. */
  readonly idiom: string;

  constructor(idiom: string, engine = 'the engine') {
    super(`${engine} has no ${idiom}`);
    this.idiom = idiom;
  }
}
