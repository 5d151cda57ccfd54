/** Members that start together. */
export interface Gang {
  readonly size: number;
}
