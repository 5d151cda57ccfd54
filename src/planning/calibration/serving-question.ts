import type { Workload } from "../../compute/ports.ts";
import type { Resource } from "../../platform/resource.ts";
import type { DeploymentSpec } from "../../serving/model.ts";
import type { ServedLoad } from "../../serving/ports.ts";
import { formatInConfig } from "../catalog/format-spelling.ts";
import type { LooseQuestion } from "./step-question.ts";

/** Labels of a deployment that say what it serves, for the planner: `planning.model`, `planning.engine`, `planning.precision`. */
const modelLabel = "planning.model";
const engines: ReadonlySet<string> = new Set(["trtllm", "vllm", "sglang"]);
/** Streams that told their tokens; fewer say nothing of a load. */
const streamsMin = 20;
const hourSeconds = 3600;
/** A load that differs by more than this from the one that was foreseen is another one. */
const loadTolerance = 0.3;

/** What the planner is asked about a deployment, and the load of one replica that it is asked for. */
export interface ServingAsk {
  readonly question: LooseQuestion;
  readonly load: Readonly<Record<string, number>>;
  readonly engine: string;
  readonly gpuModel: string;
  readonly isSimulated: boolean;
}

/**
 * The question about a deployment under the load of an hour: its model by a label or by its preset's `config.json`, its engine
 * by its preset, its GPUs by its replicas; requests in flight on each replica by Little's law (rate times time), prompts and
 * answers at their mean length.
 *
 * @returns undefined where one of them is not known, or too little was served.
 */
export function servingAsk(
  deployment: Pick<Resource<DeploymentSpec>, "name" | "labels" | "spec">,
  replicas: readonly Workload[],
  served: ServedLoad,
): ServingAsk | undefined {
  const { labels, spec, name } = deployment;
  const preset = spec.process?.preset;
  const engine = labels["planning.engine"] ?? preset?.engine ?? "";
  const model = labels[modelLabel] ?? (preset?.config === undefined ? undefined : name);
  const running = replicas.filter((replica) => replica.state === "running");
  const gpus = running[0]?.places.flatMap((place) => place.gpus) ?? [];
  const [gpu] = gpus;
  const load = loadOf(served, running.length);
  if (model === undefined || !engines.has(engine) || gpu === undefined || load === undefined) return undefined;
  return {
    question: {
      model,
      ...(labels[modelLabel] === undefined && preset?.config !== undefined ? { modelConfig: preset.config } : {}),
      accelerator: gpu.model,
      engine,
      precision: labels["planning.precision"] ?? preset?.quantization ?? formatInConfig(preset?.config) ?? "bf16",
      tensor: gpus.length,
      gpusPerNode: Math.max(1, running[0]?.places[0]?.gpus.length ?? 1),
      inputTokens: Math.max(1, Math.round(load["inputTokens"] ?? 0)),
      outputTokens: Math.max(1, Math.round(load["outputTokens"] ?? 0)),
      concurrency: Math.max(1, Math.round(load["concurrency"] ?? 0)),
    },
    load,
    engine,
    gpuModel: gpu.model,
    isSimulated: gpus.some((each) => each.simulated),
  };
}

/** One replica's load over an hour; undefined when too little was served to tell. */
export function loadOf(served: ServedLoad, replicas: number): Readonly<Record<string, number>> | undefined {
  const { inputTokens, outputTokens, ttftCount, busySeconds } = served;
  if (replicas === 0 || inputTokens === null || outputTokens === null || ttftCount < streamsMin) return undefined;
  return { concurrency: busySeconds / hourSeconds / replicas, inputTokens, outputTokens, replicas };
}

/** Whether two loads are one, within 30 %; below one request in flight a replica is alone with each. */
export function isSameLoad(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): boolean {
  return ["concurrency", "inputTokens", "outputTokens"].every((name) => {
    const least = name === "concurrency" ? 1 : 0;
    const [one, other] = [Math.max(least, left[name] ?? 0), Math.max(least, right[name] ?? 0)];
    return Math.abs(one - other) <= loadTolerance * Math.max(one, other);
  });
}
