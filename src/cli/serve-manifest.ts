import { Fault } from "../base/fault.ts";
import { deploymentKind } from "../serving/model.ts";
import type { Manifest } from "../platform/resource.ts";

/** What `serve` is told of how to run a model. */
export interface ServeOptions {
  /** A registered model, a GGUF file, an address, or what an engine loads. */
  readonly model: string;
  readonly name?: string;
  readonly pool?: string;
  readonly replicas?: number;
  readonly cpus?: number;
  readonly memory?: string;
  readonly gpus?: number;
  readonly gpuModel?: string;
  readonly preset?: string;
  /** The model's name at an address. */
  readonly upstreamModel?: string;
  readonly apiKeyFile?: string;
  readonly runtime?: string;
  readonly context?: number;
  readonly slots?: number;
  readonly quantization?: string;
}

/** What was found out about the model before its manifest is written. */
export interface ServeFacts {
  readonly project: string | undefined;
  /** The pool to run in. */
  readonly pool: string;
  /** Absolute path and size of a GGUF file; null when it is none. */
  readonly gguf: { readonly path: string; readonly bytes: number } | null;
  /** The content of the model's config.json, for presets. */
  readonly config: Readonly<Record<string, unknown>> | null;
}

const mebibyte = 1024 ** 2;

/** What a replica takes beyond the weights of its file: the context, and the program itself. */
const memoryBeyondWeights = 1024 * mebibyte;

/**
 * Writes the manifest of a deployment that serves a model.
 *
 * @throws {Fault} `cli.argument-invalid` when what was given does not make one.
 */
export function serveManifest(options: ServeOptions, facts: ServeFacts): Manifest {
  const spec = withoutAbsent({ ...runtimeOf(options, facts), replicas: options.replicas });
  const parsed = deploymentKind.spec.safeParse(spec);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault("cli.argument-invalid", `this makes no deployment: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const name = options.name ?? nameFor(options.upstreamModel ?? options.model);
  return withoutAbsent({ kind: "Deployment", project: facts.project, name, spec }) as unknown as Manifest;
}

/** Whether the model is one that a server elsewhere serves. */
export function isAddress(model: string): boolean {
  return /^https?:\/\//.test(model);
}

function runtimeOf(options: ServeOptions, facts: ServeFacts): object {
  if (isAddress(options.model)) {
    const { model: url, upstreamModel: model, apiKeyFile, slots } = options;
    return { runtime: "external", external: withoutAbsent({ url, model, apiKeyFile, slots }) };
  }
  const placed = { pool: facts.pool, resources: resourcesOf(options, facts) };
  if (options.preset !== undefined) return { runtime: "process", ...placed, process: presetOf(options, facts) };
  const { context: contextTokens, slots } = options;
  if (facts.gguf !== null) {
    return { runtime: "gguf", ...placed, gguf: withoutAbsent({ file: facts.gguf.path, contextTokens, slots }) };
  }
  if (options.runtime === "gguf") {
    return { runtime: "gguf", model: options.model, ...placed, gguf: withoutAbsent({ contextTokens, slots }) };
  }
  return { runtime: options.runtime ?? "onnx", model: options.model, ...placed };
}

function presetOf({ model, preset, context, slots, quantization }: ServeOptions, { config }: ServeFacts): object {
  if (config === null) {
    const message = `the preset ${preset} wants the figures of ${model}; name its config.json with --config`;
    throw new Fault("cli.argument-invalid", message);
  }
  const asked = { engine: preset, source: model, config, maxModelLen: context, maxRequests: slots, quantization };
  return { preset: withoutAbsent(asked) };
}

function resourcesOf({ cpus, memory, gpus, gpuModel }: ServeOptions, { gguf }: ServeFacts): object {
  const needed = gguf === null ? undefined : `${Math.ceil((gguf.bytes * 1.1 + memoryBeyondWeights) / mebibyte)}MiB`;
  return withoutAbsent({ cpus, memory: memory ?? needed, gpus, gpuModel });
}

/** A name for a deployment from that of a model: `/models/Qwen2.5-3B.gguf` becomes `qwen2-5-3b`. */
function nameFor(model: string): string {
  const last = model.replace(/\/+$/, "").split("/").at(-1) ?? model;
  const plain = last.toLowerCase().replace(/\.gguf$/, "");
  return plain.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "") || "model";
}

function withoutAbsent(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
