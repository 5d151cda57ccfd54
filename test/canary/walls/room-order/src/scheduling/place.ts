import type { Node } from "../compute/model.ts";
import type { Job } from "../training/model.ts"; // breaks: room-order

/** Places a job. */
export const place = (job: Job, nodes: readonly Node[]): string => `${job.name} on ${nodes.length}`;
