import type { Assumptions } from "../assumptions/assumption.ts";
import type { FleetSite } from "../calibration/apply-fleet-site.ts";
import { applyServingSite } from "../calibration/apply-site.ts";
import { servingGroup } from "../calibration/site-groups.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import type { Plan, PlanStage } from "../model.ts";
import { type InferenceAnswer, sizeInference, sizeInferenceOnce } from "../questions/size-inference.ts";
import { atStage } from "./stage-fault.ts";
import { askedOf } from "./server-computes.ts";
import { logDeviationOf, sizedFallbacks, type StageSizing } from "./stage-sizing.ts";

/** What a served model yields of one GPU at the rate that its goals allow. */
export interface ServedYield {
  readonly stage: string;
  readonly model: string;
  readonly gpus: number;
  /** Tokens of answers. */
  readonly tokensPerSecondPerGpu: number;
}

/** A plan whose stages of served models have the load that a replica sustains. */
export interface SizedServing {
  readonly plan: Plan;
  readonly yields: readonly ServedYield[];
  readonly sizings: readonly StageSizing[];
}

/**
 * Sizes the stages that name a model instead of what a GPU answers: the best layout on the fleet's GPU, simulated under the
 * stage's peak with the times that this site measured, where it did.
 *
 * @throws {Fault} what sizing throws: an unknown model, goals that no replica keeps.
 */
export function sizeServedStages(
  plan: Plan,
  server: ServerOffer,
  site: FleetSite,
  assumptions: Assumptions,
): SizedServing {
  const sizings: StageSizing[] = [];
  const yields: ServedYield[] = [];
  const stages = plan.demand.stages.map((stage, index): PlanStage => {
    const { requests } = stage;
    if (requests?.served === undefined) return stage;
    const path = `demand.stages[${index}].requests`;
    const answer = askServing(path, { ...requests, served: requests.served }, server, site);
    const perGpuPerSecond = (answer.replicas?.goodputPerReplica ?? 0) / answer.gpusPerReplica;
    const name = stage.name ?? stage.stage;
    sizings.push(sizingOf(index, name, answer, server));
    const tokensPerSecondPerGpu = perGpuPerSecond * requests.served.outputTokens;
    yields.push({ stage: name, model: answer.model, gpus: answer.replicas?.gpus ?? 0, tokensPerSecondPerGpu });
    const how = `${requests.served.model} on ${answer.accelerator}, ${answer.words}, simulated under its goals`;
    assumptions.note(`${path}.perGpuPerSecond`, `${perGpuPerSecond.toPrecision(4)} requests/s`, how);
    assumptions.note(`${path}.served`, "sized", answer.assumptions.join("; "));
    const { served: _served, ...rest } = requests;
    return { ...stage, requests: { ...rest, perGpuPerSecond, gpusPerReplica: answer.gpusPerReplica } };
  });
  return { plan: { ...plan, demand: { ...plan.demand, stages } }, yields, sizings };
}

/** Of tokens, of first tokens, and of the replicas that follow from them. */
const toldErrors = ["time of a token after the first", "time to the first token", "replicas for the peak"] as const;

function sizingOf(index: number, name: string, answer: InferenceAnswer, server: ServerOffer): StageSizing {
  const { errors, fallbacks } = answer;
  return {
    index,
    name,
    logDeviation: deviationOf(answer),
    errors: errors
      .filter(({ quantity }) => toldErrors.some((told) => quantity.startsWith(told)))
      .map((error): QuantityError => ({ ...error, quantity: `${name}: ${error.quantity}` })),
    fallbacks: sizedFallbacks(fallbacks, server),
  };
}

/**
 * From what one replica sustains where its times are at the two ends of their intervals. Goals that are not kept at the slow
 * end have no finite number of GPUs there: the distance to the fast end is taken for both.
 */
function deviationOf({ replicas }: InferenceAnswer): number {
  const likely = replicas?.goodputPerReplica;
  const { low, high } = replicas?.range?.goodput ?? { low: null, high: null };
  if (likely === undefined || low === null) return 0;
  return logDeviationOf({ low: high ?? likely ** 2 / low, high: low });
}

type Requests = NonNullable<PlanStage["requests"]>;

function askServing(
  path: string,
  { served, peakPerSecond }: Requests & { readonly served: NonNullable<Requests["served"]> },
  server: ServerOffer,
  site: FleetSite,
): InferenceAnswer {
  const question = { ...served, ...askedOf(server), gpusPerNode: server.gpusPerServer, peakPerSecond };
  const placeOf = (field: string | undefined): string => {
    if (field === "peakPerSecond") return `${path}.peakPerSecond`;
    return field === undefined ? `${path}.served` : `${path}.served.${field}`;
  };
  return atStage(placeOf, () => {
    if (site.served.length === 0) return sizeInference(question);
    const shipped = sizeInferenceOnce(question);
    const rows = site.served.filter(({ group }) => group === servingGroup(shipped.accelerator, shipped.engine));
    if (rows.length === 0) return sizeInference(question);
    return applyServingSite(shipped, rows, (times) => sizeInference(question, times));
  });
}
