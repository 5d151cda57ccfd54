import type { Cellar } from "../cellar/model.ts"; // breaks: room-order

/** A deployment. */
export interface Deployment {
  readonly cellar: Cellar;
}
