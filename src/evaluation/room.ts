import type { Workloads } from "../compute/ports.ts";
import type { TrainingSets } from "../features/ports.ts";
import type { Platform } from "../platform/platform.ts";
import type { Room } from "../platform/room.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import { evaluationController } from "./controller.ts";
import type { EvaluationReports } from "./ports.ts";
import { evaluationRoutes } from "./routes.ts";
import { EvaluationStore } from "./store.ts";

export interface EvaluationRoom extends Room {
  readonly reports: EvaluationReports;
}

/** Suites that judge every candidate of a model. */
export function evaluationRoom(
  platform: Platform,
  needs: { readonly registry: ModelRegistry; readonly trainingSets: TrainingSets; readonly workloads: Workloads },
): EvaluationRoom {
  const store = new EvaluationStore(platform.database as never);
  return {
    name: "evaluation",
    routes: evaluationRoutes(store),
    controllers: [evaluationController({ platform, store, ...needs })],
    reports: store,
  };
}
