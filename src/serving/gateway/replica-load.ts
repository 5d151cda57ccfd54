import type { EndpointLoad } from "./routing/balancer.ts";

/** What one worker of the gateway has in flight on one replica, and what the replica's engine says. */
export interface ReplicaLoad extends Omit<EndpointLoad, "endpoint"> {
  readonly project: string;
  readonly deployment: string;
  readonly version: string;
  readonly replica: string;
  /** Requests that this worker keeps under way there at most; null while nothing bounds them. */
  readonly capacity: number | null;
}
