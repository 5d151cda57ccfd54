/** Not for src. */
export interface Span {
  readonly width: number;
}
