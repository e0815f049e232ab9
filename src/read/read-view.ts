/** The moment that a reader looks at. Both are fixed when it starts. */
export interface ReadView {
  /** Nothing newer is seen. */
  readonly sequence: number;
  /** Milliseconds since 1970: what had expired by then is not seen either. */
  readonly nowMs: number;
}
