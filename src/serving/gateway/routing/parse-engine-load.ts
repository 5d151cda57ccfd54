import type { AdapterLoad, EngineLoad } from "./engine-load.ts";
import { type MetricSample, metricSamples } from "./metric-samples.ts";

/** Engines whose metrics are understood. */
export type MetricsDialect = "vllm" | "sglang" | "trtllm" | "triton" | "llamacpp";

/** A metric by its name and, where one name stands for several things, by one label. */
interface Source {
  readonly name: string;
  readonly label?: readonly [name: string, value: string];
}

interface Dialect {
  readonly running: readonly Source[];
  readonly waiting: readonly Source[];
  readonly kvUsage: readonly Source[];
  /** The size of the cache: in tokens, or in blocks and tokens a block. */
  readonly kvTokens: readonly Source[];
  readonly kvBlocks: readonly Source[];
  readonly blockTokens: readonly Source[];
}

const tritonRequests = "nv_trt_llm_request_metrics";
const tritonBlocks = "nv_trt_llm_kv_cache_block_metrics";
const cacheConfig = "vllm_cache_config_info";
const loraRequests = "vllm_lora_requests_info";
const adaptersMax = 1024;

/** The names of the metrics, newer ones first. Sources: the documents of each engine, and the model server protocol of the gateway API inference extension. */
const dialects: Readonly<Record<MetricsDialect, Dialect>> = {
  vllm: {
    running: [{ name: "vllm_num_requests_running" }],
    waiting: [{ name: "vllm_num_requests_waiting" }],
    kvUsage: [{ name: "vllm_kv_cache_usage_perc" }, { name: "vllm_gpu_cache_usage_perc" }],
    kvTokens: [],
    kvBlocks: [],
    blockTokens: [],
  },
  sglang: {
    running: [{ name: "sglang_num_running_reqs" }],
    waiting: [{ name: "sglang_num_queue_reqs" }],
    kvUsage: [{ name: "sglang_token_usage" }],
    kvTokens: [{ name: "sglang_max_total_num_tokens" }],
    kvBlocks: [],
    blockTokens: [],
  },
  trtllm: {
    running: [{ name: "trtllm_num_requests_running" }],
    waiting: [{ name: "trtllm_num_requests_waiting" }],
    kvUsage: [{ name: "trtllm_kv_cache_utilization" }],
    kvTokens: [],
    kvBlocks: [{ name: "trtllm_kv_cache_max_blocks" }],
    blockTokens: [{ name: "trtllm_kv_cache_tokens_per_block" }],
  },
  triton: {
    running: [{ name: tritonRequests, label: ["request_type", "scheduled"] }],
    waiting: [
      { name: tritonRequests, label: ["request_type", "waiting"] },
      { name: "nv_inference_pending_request_count" },
    ],
    kvUsage: [{ name: tritonBlocks, label: ["kv_cache_block_type", "fraction"] }],
    kvTokens: [],
    kvBlocks: [{ name: tritonBlocks, label: ["kv_cache_block_type", "max"] }],
    blockTokens: [{ name: tritonBlocks, label: ["kv_cache_block_type", "tokens_per"] }],
  },
  llamacpp: {
    running: [{ name: "llamacpp_requests_processing" }],
    waiting: [{ name: "llamacpp_requests_deferred" }],
    kvUsage: [{ name: "llamacpp_kv_cache_usage_ratio" }],
    kvTokens: [],
    kvBlocks: [],
    blockTokens: [],
  },
};

/**
 * Reads what an engine says about its load from its metrics page.
 *
 * Counts of several engines behind one page (data parallel ranks) are added, their cache usages averaged.
 *
 * @returns null when the page tells neither running nor waiting requests: it is not that engine's, or it is not ready.
 */
export function parseEngineLoad(dialect: MetricsDialect, page: string): EngineLoad | null {
  const known = dialects[dialect];
  const names = new Set(Object.values(known).flatMap((sources: readonly Source[]) => sources.map(({ name }) => name)));
  if (dialect === "vllm") names.add(cacheConfig).add(loraRequests);
  const samples = metricSamples(page, names);
  const running = sumOf(samples, known.running);
  const waiting = sumOf(samples, known.waiting);
  if (running === null && waiting === null) return null;
  const usage = meanOf(samples, known.kvUsage);
  return {
    running: running ?? 0,
    waiting: waiting ?? 0,
    kvUsage: usage === null ? null : Math.min(1, usage),
    kvTokens: dialect === "vllm" ? kvTokensOfVllm(samples) : kvTokensOf(samples, known),
    adapters: dialect === "vllm" ? adaptersOfVllm(samples) : null,
  };
}

/** The values of the first source that has any; negative ones are nonsense and count for nothing. */
function valuesOf(samples: readonly MetricSample[], sources: readonly Source[]): readonly number[] {
  for (const { name, label } of sources) {
    const values = samples
      .filter((sample) => sample.name === name && (label === undefined || sample.labels.get(label[0]) === label[1]))
      .map(({ value }) => value)
      .filter((value) => value >= 0);
    if (values.length > 0) return values;
  }
  return [];
}

function sumOf(samples: readonly MetricSample[], sources: readonly Source[]): number | null {
  const values = valuesOf(samples, sources);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function meanOf(samples: readonly MetricSample[], sources: readonly Source[]): number | null {
  const values = valuesOf(samples, sources);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function kvTokensOf(samples: readonly MetricSample[], known: Dialect): number | null {
  const tokens = sumOf(samples, known.kvTokens);
  if (tokens !== null) return tokens > 0 ? tokens : null;
  const [blocks, each] = [sumOf(samples, known.kvBlocks), meanOf(samples, known.blockTokens)];
  return blocks === null || each === null || blocks * each === 0 ? null : blocks * each;
}

/** vLLM writes the configuration of its cache as labels, and `None` for what it does not know yet. */
function kvTokensOfVllm(samples: readonly MetricSample[]): number | null {
  let total = 0;
  for (const { name, labels } of samples) {
    if (name !== cacheConfig) continue;
    const tokens = Number(labels.get("kv_cache_size_tokens"));
    const product = Number(labels.get("num_gpu_blocks")) * Number(labels.get("block_size"));
    const size = tokens > 0 ? tokens : product;
    if (Number.isFinite(size) && size > 0) total += size;
  }
  return total > 0 ? total : null;
}

/** Every combination of adapters stays on vLLM's page, with the time when it was last so as its value: the latest is the present. */
function adaptersOfVllm(samples: readonly MetricSample[]): AdapterLoad | null {
  const told = samples.filter(({ name }) => name === loraRequests);
  const latest = told.reduce<MetricSample | null>(
    (best, each) => (best !== null && best.value >= each.value ? best : each),
    null,
  );
  if (latest === null) return null;
  const max = Number(latest.labels.get("max_lora"));
  return {
    running: adapterNames(latest.labels.get("running_lora_adapters")),
    waiting: adapterNames(latest.labels.get("waiting_lora_adapters")),
    max: Number.isFinite(max) && max > 0 ? max : null,
  };
}

function adapterNames(list: string | undefined): readonly string[] {
  const names = (list ?? "").split(",").map((name) => name.trim());
  return names.filter((name) => name !== "").slice(0, adaptersMax);
}
