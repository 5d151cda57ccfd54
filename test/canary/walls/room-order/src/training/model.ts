import type { Deployment } from "../serving/model.ts"; // breaks: room-order

/** A job. */
export interface Job {
  readonly name: string;
  readonly after: Deployment;
}
