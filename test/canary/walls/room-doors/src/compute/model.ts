/** A machine. */
export interface Node {
  readonly id: string;
}
