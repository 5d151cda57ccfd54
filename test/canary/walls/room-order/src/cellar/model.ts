/** A room that the plan does not know. */
export interface Cellar {
  readonly depth: number;
}
