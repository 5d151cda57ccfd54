import { lazy } from "./lazy.ts";

/** A shape. */
export interface Shape {
  readonly lazy: typeof lazy;
}
