import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { findServer } from "../fleet/find-server.ts";
import { planSchema } from "../model.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { unreadableQuestion } from "../problems/question-fault.ts";
import { costQuestionSchema } from "./model.ts";

/** What a fleet of one size costs, each way to get it. */
export interface FleetPrice
  extends Pick<
    FleetPlan,
    "name" | "startMonth" | "gpu" | "gpusPerServer" | "servers" | "cost" | "fallbacks" | "assumptions"
  > {
  readonly gpus: number;
  /** What in the question speaks against it, though it can be answered. */
  readonly cautions: readonly string[];
  readonly errors: Pick<FleetPlan["errors"], "cost">;
  readonly choices: FleetPlan["choices"];
}

/**
 * Prices a fleet of a stated size that stays as it is, in a plan whose only stage uses all of it at its busiest moment.
 *
 * @param value the question as parsed from YAML or JSON, checked here.
 * @param thisMonth the first month where the question names none, such as `2026-12`.
 * @throws {Fault} `planning.request-invalid` or what a plan throws.
 */
export function priceFleet(value: unknown, thisMonth: string): FleetPrice {
  const parsed = costQuestionSchema.safeParse(value);
  if (!parsed.success) throw unreadableQuestion(costQuestionSchema, parsed.error, value);
  const question = parsed.data;
  const bare = { name: "fleet", startMonth: question.startMonth ?? thisMonth };
  const stage = { stage: "training", gpus: question.gpus, growthPerYear: 0, growthUncertainty: 0 };
  const empty = planSchema.parse({ ...bare, fleet: { gpu: question.gpu }, demand: { stages: [stage] } });
  const server = findServer(empty, "gpu", question.gpu);
  const gpus = Math.ceil(question.gpus / server.gpusPerServer) * server.gpusPerServer;
  const { utilisation, serverUsdPerGpu, rentUsdPerGpuHour, usdPerKwh, pue, engineersBase } = question;
  const given = { utilisation, serverUsdPerGpu, rentUsdPerGpuHour, usdPerKwh, pue, engineersBase };
  const fleet = planFleet(
    planSchema.parse({
      ...bare,
      name: `${gpus} x ${server.gpu}`,
      horizonMonths: question.months,
      fleet: { gpu: server.gpu, gpus, growth: "hold" },
      demand: { headroomShare: 0, stages: [stage] },
      cost: Object.fromEntries(Object.entries(given).filter(([, rate]) => rate !== undefined)),
      ...(question.tokensPerSecondPerGpu === undefined
        ? {}
        : { serving: { tokensPerSecondPerGpu: question.tokensPerSecondPerGpu } }),
      simulation: { draws: question.draws, seed: question.seed },
    }),
  );
  const { name, startMonth, gpu, gpusPerServer, servers, cost, fallbacks, assumptions, choices } = fleet;
  const rounded = {
    path: "gpus",
    choice: `${gpus}`,
    source: `${question.gpus} are no whole number of servers of ${gpusPerServer}`,
  };
  return {
    name,
    startMonth,
    gpu,
    gpusPerServer,
    servers,
    cost,
    fallbacks,
    assumptions,
    gpus,
    cautions: [
      ...fleet.cautions,
      ...(gpus === question.gpus ? [] : [`${rounded.source}: ${gpus} are priced, rented ones too`]),
    ],
    errors: { cost: fleet.errors.cost },
    choices: gpus === question.gpus ? choices : [rounded, ...choices],
  };
}
