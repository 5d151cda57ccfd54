import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEngineLoad } from "./parse-engine-load.ts";

const vllmPage = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 8.0
vllm:num_requests_running{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 3.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 2.0
vllm:num_requests_waiting{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.0
vllm:kv_cache_usage_perc{engine="0"} 0.5
vllm:kv_cache_usage_perc{engine="1"} 0.25
vllm:lora_requests_info{max_lora="4",running_lora_adapters="old",waiting_lora_adapters=""} 1.7886264546318772e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql,legal",waiting_lora_adapters="poems"} 1.7886264577368872e+09
vllm:cache_config_info{block_size="16",cache_dtype="auto",enable_prefix_caching="True",num_gpu_blocks="2000"} 1.0
vllm:time_to_first_token_seconds_bucket{le="0.001",model_name="m"} 0.0
`;

describe("what engines say of their load", () => {
  test("vLLM: ranks are added, the latest adapters hold, the cache is blocks times their size", () => {
    expect(parseEngineLoad("vllm", vllmPage)).toEqual({
      running: 11,
      waiting: 2,
      kvUsage: 0.375,
      kvTokens: 32_000,
      adapters: { running: ["sql", "legal"], waiting: ["poems"], max: 4 },
    });
  });

  test("vLLM before 0.11 names its cache usage after the GPU, and does not know its blocks while it starts", () => {
    const page = [
      "vllm:num_requests_running 0",
      "vllm:gpu_cache_usage_perc 0.2",
      'vllm:cache_config_info{block_size="16",num_gpu_blocks="None"} 1.0',
    ].join("\n");

    expect(parseEngineLoad("vllm", page)).toEqual({
      running: 0,
      waiting: 0,
      kvUsage: 0.2,
      kvTokens: null,
      adapters: null,
    });
  });

  test("SGLang, with colons or with underscores", () => {
    const page = [
      'sglang:num_running_reqs{model_name="m",tp_rank="0"} 162',
      'sglang:num_queue_reqs{model_name="m",tp_rank="0"} 2826.0',
      "sglang:token_usage 0.28",
      "sglang:max_total_num_tokens 454336.0",
    ].join("\n");
    const load = { running: 162, waiting: 2826, kvUsage: 0.28, kvTokens: 454_336, adapters: null };

    expect(parseEngineLoad("sglang", page)).toEqual(load);
    expect(parseEngineLoad("sglang", page.replaceAll("sglang:", "sglang_"))).toEqual(load);
  });

  test("trtllm-serve", () => {
    const page = [
      'trtllm_num_requests_running{engine_type="trtllm",model_name="llama"} 7',
      'trtllm_num_requests_waiting{engine_type="trtllm",model_name="llama"} 1',
      "trtllm_kv_cache_utilization 0.62",
      "trtllm_kv_cache_max_blocks 1000",
      "trtllm_kv_cache_tokens_per_block 32",
    ].join("\n");

    expect(parseEngineLoad("trtllm", page)).toEqual({
      running: 7,
      waiting: 1,
      kvUsage: 0.62,
      kvTokens: 32_000,
      adapters: null,
    });
  });

  test("Triton tells many things under one name, apart by a label", () => {
    const page = [
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 1',
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 5',
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512',
      'nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="active",version="1"} 6',
      'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.4',
      'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm",version="1"} 64',
      'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="tensorrt_llm",version="1"} 6239',
      'nv_inference_pending_request_count{model="tensorrt_llm",version="1"} 3',
    ].join("\n");

    expect(parseEngineLoad("triton", page)).toEqual({
      running: 5,
      waiting: 3,
      kvUsage: 0.4,
      kvTokens: 6239 * 64,
      adapters: null,
    });
  });

  test("the llama.cpp server", () => {
    const page = [
      "# HELP llamacpp:requests_processing Number of requests processing.",
      "# TYPE llamacpp:requests_processing gauge",
      "llamacpp:requests_processing 2",
      "llamacpp:requests_deferred 1",
      "llamacpp:kv_cache_usage_ratio 0.9",
    ].join("\n");

    expect(parseEngineLoad("llamacpp", page)).toEqual({
      running: 2,
      waiting: 1,
      kvUsage: 0.9,
      kvTokens: null,
      adapters: null,
    });
  });
});

describe("pages that are not as they should be", () => {
  test("a page of another engine tells nothing", () => {
    expect(parseEngineLoad("sglang", vllmPage)).toBeNull();
    expect(parseEngineLoad("vllm", "<html>502 Bad Gateway</html>")).toBeNull();
  });

  test("a broken line does not take the others with it", () => {
    const page = [
      'vllm:num_requests_running{model_name="unclosed 7',
      "vllm:num_requests_running NaN",
      "vllm:num_requests_running -4",
      'vllm:num_requests_running{model_name="a \\"quoted\\" } name", } 3 1700000000000',
      "vllm:num_requests_waiting",
      "vllm:kv_cache_usage_perc 1.5",
    ].join("\r\n");

    expect(parseEngineLoad("vllm", page)).toEqual({
      running: 3,
      waiting: 0,
      kvUsage: 1,
      kvTokens: null,
      adapters: null,
    });
  });

  test("whatever the text, the answer is null or whole numbers and parts that make sense", () => {
    const line = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...vllmPage.split("\n")), fc.nat(80)).map(([text, cut]) => text.slice(0, cut)),
      fc.constantFrom(...vllmPage.split("\n")),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const load = parseEngineLoad("vllm", lines.join("\n"));

        if (load === null) return;
        expect(load.running).toBeGreaterThanOrEqual(0);
        expect(load.waiting).toBeGreaterThanOrEqual(0);
        expect(load.kvUsage === null || (load.kvUsage >= 0 && load.kvUsage <= 1)).toBe(true);
        expect(load.kvTokens === null || load.kvTokens > 0).toBe(true);
      }),
    );
  });
});
