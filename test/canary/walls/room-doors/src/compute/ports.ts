/** Finds machines. */
export interface Nodes {
  count(): number;
}
