import { isFault } from "../../base/fault.ts";
import type { SizedReplica } from "../advice/align-workload.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import type { ReplicaOption } from "../inference/compare-replicas.ts";
import type { Plan } from "../model.ts";
import { writeSeconds } from "../report/write-figure.ts";
import { type InferenceAnswer, sizeInference } from "../questions/size-inference.ts";
import { askedOf } from "./server-computes.ts";
import { atStage } from "./stage-fault.ts";

type Served = NonNullable<Plan["workloads"][number]["served"]>;

/** What GPUs do for a served model within its goals; everything by GPU. */
export interface SizedWorkload {
  /** Tokens of answers of one GPU, a second. */
  readonly throughput: Readonly<Record<string, number>>;
  readonly replicas: Readonly<Record<string, SizedReplica>>;
  /** Why a GPU cannot do it. */
  readonly whyNot: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, readonly QuantityError[]>>;
}

/**
 * Compares servers for a served model by their closed loops: of all layouts and numbers of requests in flight that keep the
 * goals, the one that yields most of one GPU. Coarser than a simulation of a load, and a hundred times as fast.
 *
 * @throws {Fault} what the model's name or the figures throw, with their place in the plan.
 */
export function sizeWorkload(path: string, served: Served, servers: readonly ServerOffer[]): SizedWorkload {
  const throughput: Record<string, number> = {};
  const replicas: Record<string, SizedReplica> = {};
  const whyNot: Record<string, string> = {};
  const errors: Record<string, readonly QuantityError[]> = {};
  for (const server of servers) {
    const answer = tryServer(path, served, server);
    const best = typeof answer === "string" ? undefined : bestWithin(answer);
    if (typeof answer === "string") whyNot[server.gpu] = answer;
    else if (best === undefined) whyNot[server.gpu] = whyNone(answer);
    else {
      throughput[server.gpu] = best.point.outputTokensPerSecondPerGpu;
      replicas[server.gpu] = replicaOf(best);
      errors[server.gpu] = answer.errors.slice(0, loopErrors);
    }
  }
  return { throughput, replicas, whyNot, errors };
}

/** Errors of an answer that are of its closed loop: tokens, and first tokens. */
const loopErrors = 2;

/** The answer of one server; in words why there is none. */
function tryServer(path: string, served: Served, server: ServerOffer): InferenceAnswer | string {
  try {
    return atStage(
      (field) => (field === undefined ? path : `${path}.${field}`),
      () => sizeInference({ ...served, ...askedOf(server), gpusPerNode: server.gpusPerServer }),
    );
  } catch (error) {
    if (!isFault(error)) throw error;
    if (error.code === "planning.accelerator-unknown") return "what it computes is not known";
    if (error.code === "planning.layout-impossible") return "no replica of a server holds the model and its requests";
    throw error;
  }
}

interface Point {
  readonly option: ReplicaOption;
  readonly point: ReplicaOption["frontier"][number];
}

/** The layout and the requests in flight that keep the goals and yield most of one GPU. */
function bestWithin({ options, goal }: InferenceAnswer): Point | undefined {
  return options
    .flatMap((option) => option.frontier.map((point): Point => ({ option, point })))
    .filter(({ point }) => point.ttftSeconds.likely <= goal.ttftSeconds && point.tpotSeconds.likely <= goal.tpotSeconds)
    .toSorted((left, right) => right.point.outputTokensPerSecondPerGpu - left.point.outputTokensPerSecondPerGpu)[0];
}

function whyNone({ options, goal }: InferenceAnswer): string {
  const points = options.flatMap(({ frontier }) => frontier);
  const least = (of: (point: Point["point"]) => number): string => writeSeconds(Math.min(...points.map(of)));
  const token = least(({ tpotSeconds }) => tpotSeconds.likely);
  const first = least(({ ttftSeconds }) => ttftSeconds.likely);
  return `does not keep the goals of ${writeSeconds(goal.ttftSeconds)} and ${writeSeconds(goal.tpotSeconds)}: a first token takes ${first}, a token ${token} at least`;
}

function replicaOf({ option, point }: Point): SizedReplica {
  const { memory, gpusPerReplica } = option;
  const filled = memory.weights + Math.min(memory.cache, point.concurrency * memory.perRequest);
  return { gpus: gpusPerReplica, memoryGigabytes: (filled * gpusPerReplica) / 1e9 };
}
