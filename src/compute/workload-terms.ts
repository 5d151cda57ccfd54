import type { Purpose, WorkloadRequest, WorkloadTerms } from "./ports.ts";

/** What starts again without harm to whoever waits for its answer. */
const restartable: ReadonlySet<Purpose> = new Set(["training", "evaluation", "pipeline"]);

/** The terms of a request, with the defaults for what it leaves out. */
export function termsOf(request: Omit<WorkloadRequest, "command">): WorkloadTerms {
  const { pool, pools = [] } = request;
  return {
    queue: request.queue ?? request.project,
    pools: pools.includes(pool) ? pools : [pool, ...pools],
    members: request.members ?? { min: 1, max: 1 },
    topology: request.topology ?? null,
    isPreemptible: request.isPreemptible ?? restartable.has(request.purpose),
    minRuntimeMs: request.minRuntimeMs ?? 0,
    restartMs: request.restartMs ?? 0,
  };
}
