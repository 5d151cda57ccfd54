import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findModel, isKnownModel, listModels } from "./find-model.ts";
import { modelShapeSchema } from "./model-shape.ts";

test.each([
  ["deepseek-ai/DeepSeek-V3", "DeepSeek-V3"],
  ["DeepSeekV3 (w/o MTP)", "DeepSeek-V3"],
  ["DeepSeekV3 (tokendrop)", "DeepSeek-V3"],
  ["deepseek-ai/DeepSeek-V3-0324", "DeepSeek-V3"],
  ["deepseek-ai/DeepSeek-R1-0528", "DeepSeek-V3"],
  ["nvidia/DeepSeek-R1-FP4", "DeepSeek-V3"],
  ["DeepSeek-R1-671B", "DeepSeek-V3"],
  ["deepseek-ai/DeepSeek-V3.1-Terminus", "DeepSeek-V3.1"],
  ["deepseek-ai/DeepSeek-V3.2-Exp", "DeepSeek-V3.2"],
  ["deepseek-ai/DeepSeek-V2-Lite-Chat", "DeepSeek-V2-Lite"],
  ["deepseek-ai/DeepSeek-Coder-V2-Instruct", "DeepSeek-V2"],
  ["deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "Llama-3.1-70B"],
  ["deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "Qwen2.5-32B"],
  ["deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "Qwen3-8B"],
  ["meta-llama/Llama-3.1-70B-Instruct", "Llama-3.1-70B"],
  ["nvidia/Llama-3.3-70B-Instruct-FP4", "Llama-3.1-70B"],
  ["meta-llama/Meta-Llama-3-8B-Instruct", "Llama-3.1-8B"],
  ["hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "Llama-3.1-8B"],
  ["RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "Llama-3.1-8B"],
  ["unsloth/Meta-Llama-3.1-8B-Instruct-unsloth-bnb-4bit", "Llama-3.1-8B"],
  ["Meta-Llama-3-8B-Instruct-Q4_K_M.gguf", "Llama-3.1-8B"],
  ["llama3.1:70b-instruct-q4_K_M", "Llama-3.1-70B"],
  ["meta.llama3-1-70b-instruct-v1", "Llama-3.1-70B"],
  ["meta-llama/Llama-2-70b-chat-hf", "Llama-2-70B"],
  ["TheBloke/Llama-2-7B-Chat-GPTQ", "Llama-2-7B"],
  ["meta-llama/Llama-3.2-1B-Instruct", "Llama-3.2-1B"],
  ["NousResearch/Hermes-3-Llama-3.1-70B", "Llama-3.1-70B"],
  ["nvidia/Llama-3.1-Nemotron-70B-Instruct-HF", "Llama-3.1-70B"],
  ["nvidia/Llama-3_3-Nemotron-Super-49B-v1_5-FP8", "Llama-3.3-Nemotron-Super-49B"],
  ["nvidia/Llama-3_1-Nemotron-Ultra-253B-v1", "Llama-3.1-Nemotron-Ultra-253B"],
  ["nvidia/Nemotron-4-340B-Instruct", "Nemotron-4-340B"],
  ["Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen2.5-7B"],
  ["Qwen/Qwen2-7B-Instruct", "Qwen2-7B"],
  ["Qwen/Qwen2.5-Coder-32B-Instruct", "Qwen2.5-32B"],
  ["Qwen/Qwen2.5-14B-Instruct-1M", "Qwen2.5-14B"],
  ["Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "Qwen2.5-72B"],
  ["Qwen/QwQ-32B-AWQ", "Qwen2.5-32B"],
  ["Qwen/Qwen3-8B-Base", "Qwen3-8B"],
  ["RedHatAI/Qwen3-14B-quantized.w4a16", "Qwen3-14B"],
  ["Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", "Qwen3-235B-A22B"],
  ["Qwen/Qwen3-30B-A3B-Thinking-2507", "Qwen3-30B-A3B"],
  ["Qwen/Qwen3-Coder-30B-A3B-Instruct", "Qwen3-30B-A3B"],
  ["Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "Qwen3-Coder-480B-A35B-Instruct"],
  ["Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen3-Next-80B-A3B"],
  ["moonshotai/Kimi-K2-Thinking", "Kimi-K2-Instruct"],
  ["moonshotai/Kimi-K2-Instruct-0905", "Kimi-K2-Instruct"],
  ["mistralai/Mistral-7B-Instruct-v0.3", "Mistral-7B"],
  ["mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B"],
  ["MOE_Mixtral8x7B", "Mixtral-8x7B"],
  ["mistralai/Mistral-Small-24B-Instruct-2501", "Mistral-Small-24B"],
  ["mistralai/Mistral-Small-3.2-24B-Instruct-2506", "Mistral-Small-24B"],
  ["mistralai/Mistral-Small-Instruct-2409", "Codestral-22B"],
  ["mistralai/Mistral-Nemo-Instruct-2407", "Mistral-Nemo-12B"],
  ["mistralai/Mistral-Large-Instruct-2411", "Mistral-Large-123B"],
  ["mistralai/Ministral-8B-Instruct-2410", "Ministral-8B"],
  ["mistralai/Codestral-22B-v0.1", "Codestral-22B"],
  ["google/gemma-2-9b-it", "Gemma-2-9B"],
  ["gemma3:27b", "Gemma-3-27B"],
  ["microsoft/phi-4", "Phi-4"],
  ["microsoft/Phi-3-mini-4k-instruct", "Phi-3-mini"],
  ["microsoft/Phi-4-reasoning-plus", "Phi-4"],
  ["zai-org/GLM-4.6-FP8", "GLM-4.5"],
  ["GLM-4.5-355B-A32B", "GLM-4.5"],
  ["zai-org/GLM-4.5-Air", "GLM-4.5-Air"],
  ["MiniMaxAI/MiniMax-M2", "MiniMax-M2"],
  ["allenai/OLMo-2-1124-7B-Instruct", "OLMo-2-7B"],
  ["ibm-granite/granite-3.3-8b-instruct", "Granite-3.1-8B"],
  ["TinyLlama/TinyLlama-1.1B-Chat-v1.0", "TinyLlama-1.1B"],
  ["01-ai/Yi-1.5-34B-Chat-16K", "Yi-34B"],
  ["c4ai-command-r-v01", "Command-R-35B"],
  ["CohereForAI/c4ai-command-r-08-2024", "Command-R-08-2024"],
  ["CohereForAI/c4ai-command-r-plus-08-2024", "Command-R-Plus-104B"],
  ["codellama/CodeLlama-34b-Instruct-hf", "CodeLlama-34B"],
  ["codellama/CodeLlama-70b-Python-hf", "Llama-2-70B"],
  ["tiiuae/falcon-40b-instruct", "Falcon-40B"],
  ["mosaicml/mpt-30b-chat", "MPT-30B"],
  ["bigscience/bloom", "BLOOM-176B"],
  ["openai-community/gpt2-xl", "GPT-2-XL"],
  ["EleutherAI/gpt-neox-20b", "GPT-NeoX-20B"],
])("%s is found as %s", (name, found) => {
  expect(findModel(name).name).toBe(found);
});

const endings = fc.constantFrom(
  "-Instruct",
  "-chat",
  "-chat-hf",
  "-it",
  "-Base",
  "-FP4",
  "-NVFP4",
  "-FP8-dynamic",
  "-bf16",
  "-AWQ",
  "-GPTQ-Int4",
  "-quantized.w4a16",
  "-w8a8",
  "-bnb-4bit",
  "-Q4_K_M",
  "-Thinking",
  "-2507",
  "-0905",
);

test("every model of the catalog is found by its own name, and under any owner with any ending of a release", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...listModels()),
      fc.constantFrom("", "nvidia/", "some-body/"),
      fc.array(endings, { maxLength: 3 }),
      (model, owner, some) => {
        const found = findModel(`${owner}${model.name}${some.join("")}`);
        // Two releases may share what is left of their names: then the plainer one is meant.
        if (some.length === 0 || !/Instruct|08-2024/.test(model.name)) expect(found).toBe(model);
        else expect(isKnownModel(model.name)).toBe(true);
      },
    ),
  );
});

test.each([
  ["Llama-2-7B", "Llama-3.1-8B"],
  ["Qwen2-7B", "Qwen2.5-7B"],
  ["Gemma-2B", "Gemma-2-2B"],
  ["Ministral-8B", "Ministral-3-8B"],
  ["DeepSeek-V2", "DeepSeek-V2-Lite"],
  ["Phi-4", "Phi-4-mini"],
])("%s and %s stay two models", (one, other) => {
  expect(findModel(`${one}-Instruct-FP8`)).not.toBe(findModel(`${other}-Instruct-FP8`));
});

test.each(["yuhuili/EAGLE3-LLaMA3.1-Instruct-8B", "Qwen3-Embedding-8B", "Mistral-Small-22B", "Qwen4-8B", "Phi-4-32B"])(
  "%s is no model of the catalog, though its name resembles one",
  (name) => {
    expect(isKnownModel(name)).toBe(false);
  },
);

test("a model of one's own is found before the catalog's, by all the spellings of its name", () => {
  const own = [modelShapeSchema.parse({ ...findModel("Llama-3.1-8B"), name: "acme-8B-Instruct", layers: 12 })];

  expect(findModel("acme/acme-8b-AWQ", own).layers).toBe(12);
  expect(findModel("acme-8B", own).layers).toBe(12);
});
