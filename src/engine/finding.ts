/** Something that is wrong with a file of a database. */
export interface Finding {
  /** Its name in the directory. */
  readonly file: string;
  readonly kind: 'current' | 'manifest' | 'log' | 'table' | 'blob' | 'other';
  /** Where, if at a certain place. */
  readonly offsetBytes: number | undefined;
  /** In words. */
  readonly problem: string;
}
