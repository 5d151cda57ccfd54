import type { SimulatedEngine } from "../../src/serving/simulator/simulated-engine.ts";

/** The metrics of a simulated engine under vLLM's names, in Prometheus text; one of them says that it is simulated. */
export function metricsPage(engine: SimulatedEngine, model: string): string {
  const { counts, shape } = engine;
  const label = `model_name="${model.replaceAll(/["\\\n]/g, "")}"`;
  const lines: string[] = [];
  const add = (name: string, type: "gauge" | "counter", help: string, value: number, labels = label): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name}{${labels}} ${value}`);
  };
  add("millwright_simulated", "gauge", "This engine is a simulator and has no model.", 1);
  add("vllm:num_requests_running", "gauge", "Requests in work.", counts.running);
  add("vllm:num_requests_waiting", "gauge", "Requests that wait.", counts.waiting);
  add("vllm:kv_cache_usage_perc", "gauge", "Part of the KV cache in use, 0 to 1.", counts.kvUsage);
  add("vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked up in the cache.", counts.queriedTokens);
  add("vllm:prefix_cache_hits_total", "counter", "Prompt tokens found in the cache.", counts.hitTokens);
  add("vllm:prompt_tokens_total", "counter", "Prompt tokens taken in.", counts.queriedTokens);
  add("vllm:generation_tokens_total", "counter", "Tokens written.", counts.writtenTokens);
  add("vllm:request_success_total", "counter", "Requests that ended.", counts.doneCount);
  const config = `block_size="${shape.tokensPerBlock}",enable_prefix_caching="True",num_gpu_blocks="${shape.kvBlocks}"`;
  add("vllm:cache_config_info", "gauge", "The configuration of the cache.", 1, config);
  return `${lines.join("\n")}\n`;
}
