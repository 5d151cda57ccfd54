import { Fault, isFault } from "../base/fault.ts";
import type { Assumptions } from "./assumption.ts";
import type { FleetSite } from "./calibration/apply-fleet-site.ts";
import { applyServingSite } from "./calibration/apply-site.ts";
import { servingGroup } from "./calibration/site-groups.ts";
import type { Fallback } from "./catalog/fallback.ts";
import type { ServerOffer } from "./cost/server-offers.ts";
import type { QuantityError } from "./error-statement.ts";
import type { Plan, PlanStage } from "./model.ts";
import { type InferenceAnswer, sizeInference, sizeInferenceOnce } from "./size-inference.ts";

/** A plan whose stages of served models have the load that a replica sustains, and what is known of its errors. */
export interface SizedServing {
  readonly plan: Plan;
  readonly errors: readonly QuantityError[];
  readonly fallbacks: readonly Fallback[];
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
  const errors: QuantityError[] = [];
  const fallbacks: Fallback[] = [];
  const stages = plan.demand.stages.map((stage, index): PlanStage => {
    const { requests } = stage;
    if (requests?.served === undefined) return stage;
    const path = `demand.stages[${index}].requests`;
    const answer = askServing(path, { ...requests, served: requests.served }, server, site);
    const perGpuPerSecond = (answer.replicas?.goodputPerReplica ?? 0) / answer.gpusPerReplica;
    errors.push(...errorsFor(stage.name ?? stage.stage, answer));
    fallbacks.push(...answer.fallbacks.filter(({ of }) => of === "model"));
    const how = `${requests.served.model} on ${answer.accelerator}, ${answer.words}, simulated under its goals`;
    assumptions.note(`${path}.perGpuPerSecond`, `${perGpuPerSecond.toPrecision(4)} requests/s`, how);
    assumptions.note(`${path}.served`, "sized", answer.assumptions.join("; "));
    const { served: _served, ...rest } = requests;
    return { ...stage, requests: { ...rest, perGpuPerSecond, gpusPerReplica: answer.gpusPerReplica } };
  });
  return { plan: { ...plan, demand: { ...plan.demand, stages } }, errors, fallbacks };
}

/** Of tokens, of first tokens, and of the replicas that follow from them. */
const toldErrors = ["time of a token after the first", "time to the first token", "replicas for the peak"] as const;

function errorsFor(name: string, { errors }: InferenceAnswer): readonly QuantityError[] {
  return errors
    .filter(({ quantity }) => toldErrors.some((told) => quantity.startsWith(told)))
    .map((error) => ({ ...error, quantity: `${name}: ${error.quantity}` }));
}

type Requests = NonNullable<PlanStage["requests"]>;

function askServing(
  path: string,
  { served, peakPerSecond }: Requests & { readonly served: NonNullable<Requests["served"]> },
  server: ServerOffer,
  site: FleetSite,
): InferenceAnswer {
  const question = { ...served, accelerator: server.gpu, gpusPerNode: server.gpusPerServer, peakPerSecond };
  try {
    const shipped = sizeInferenceOnce(question);
    const rows = site.served.filter(({ group }) => group === servingGroup(shipped.accelerator, served.engine));
    return applyServingSite(shipped, rows, (times) => sizeInference(question, times));
  } catch (error) {
    if (!isFault(error)) throw error;
    const field = typeof error.details["path"] === "string" ? `.${error.details["path"]}` : "";
    const place = field === ".peakPerSecond" ? `${path}.peakPerSecond` : `${path}.served${field}`;
    throw new Fault(error.code, `${place}: ${error.message}`, { details: { path: place }, cause: error });
  }
}
