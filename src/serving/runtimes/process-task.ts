import * as z from "zod";
import { Fault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import type { DeploymentSpec } from "../model.ts";
import { renderPreset } from "../presets/render-preset.ts";
import { engineSchema } from "./replica-files.ts";

/** What a replica that runs a program of the user's is told. */
export const processTaskSchema = z.object({
  /** The deployment's name and the version's number as text. */
  deployment: z.string(),
  version: z.string(),
  /** The name that the model has there. */
  model: z.string(),
  /** Program and arguments, not yet filled in; and of members of a gang behind the first, where theirs is another. */
  command: z.array(z.string()).min(1),
  workerCommand: z.array(z.string()).min(1).nullable(),
  environment: z.record(z.string(), z.string()),
  protocol: z.enum(["openai", "v2"]),
  engine: engineSchema.nullable(),
  slots: z.int().nullable(),
  adapters: z.array(z.string()),
  /** null: a free one. */
  port: z.int().nullable(),
  /** The registered model's file in the task folder; null where there is none. */
  modelFile: z.string().nullable(),
  nodes: z.int().min(1),
  gpus: z.number(),
  cpus: z.number(),
  readinessPath: z.string(),
  readinessTimeoutMs: z.number(),
  graceMs: z.number(),
  warmUp: z.array(z.object({ path: z.string(), body: z.json() })),
  /** For people, written to the log before the program starts: where the command comes from. */
  explanation: z.array(z.string()),
});

export type ProcessTask = Readonly<z.infer<typeof processTaskSchema>>;

/** Where a server of each protocol says that it is ready, unless the deployment says otherwise. */
const readinessPaths = { openai: "/health", v2: "/v2/health/ready" } as const;

/**
 * What the replica of a deployment with `runtime: process` is told.
 *
 * @throws {Fault} `serving.model-incompatible` when the preset's model does not fit the deployment's GPUs.
 */
export function processTask(ask: {
  readonly deployment: string;
  readonly version: string;
  readonly spec: DeploymentSpec;
  readonly modelFile: string | null;
}): ProcessTask {
  const { deployment, version, spec, modelFile } = ask;
  const { process: block, resources } = spec;
  if (block === undefined) throw new Fault("serving.request-invalid", "runtime: process wants the block process");
  const { preset } = block;
  const rendered =
    preset === undefined
      ? null
      : renderPreset(preset, {
          gpus: resources.gpus ?? 0,
          gpuModel: resources.gpuModel ?? null,
          nodes: block.nodes,
          hasRegisteredModel: modelFile !== null,
        });
  const { workerCommand } = rendered ?? { workerCommand: null };
  return {
    deployment,
    version,
    model: block.model ?? deployment,
    command: [...(rendered?.command ?? block.command ?? [])],
    workerCommand: workerCommand === null ? null : [...workerCommand],
    environment: { ...rendered?.environment, ...block.environment },
    protocol: block.protocol,
    engine: block.engine ?? rendered?.engine ?? null,
    slots: block.slots ?? rendered?.slots ?? null,
    adapters: [...new Set([...block.adapters, ...(rendered?.adapters ?? [])])],
    port: block.port ?? null,
    modelFile,
    nodes: block.nodes,
    gpus: resources.gpus ?? 0,
    cpus: resources.cpus,
    readinessPath: block.readiness.path ?? rendered?.readinessPath ?? readinessPaths[block.protocol],
    readinessTimeoutMs: parseDuration(block.readiness.timeout),
    graceMs: parseDuration(block.grace),
    warmUp: block.warmUp,
    explanation: [...(rendered?.explanation ?? [])],
  };
}
