/** A resource. */
export interface Resource {
  readonly name: string;
}
