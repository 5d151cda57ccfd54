import { expect, test } from "vitest";
import { deepSeek, llama70B, llama8B, mixtral8x7B, modelConfigs, qwen7B } from "../fixtures/model-configs.ts";
import { modelCard } from "./model-card.ts";
import { presetSchema } from "./preset-spec.ts";
import { renderPreset } from "./render-preset.ts";

const alone = { nodes: 1, hasRegisteredModel: false };
const tinyCard = { ...modelCard(qwen7B), weights: "q4_k_m" } as const;
const adapters = { support: "/adapters/support", legal: "/adapters/legal" };

type Combination = readonly [
  name: string,
  preset: object,
  place: { gpus: number; gpuModel: string | null },
  nodes?: number,
];

const combinations: readonly Combination[] = [
  ["vllm-8b-on-l4", { engine: "vllm", config: llama8B }, { gpus: 1, gpuModel: "L4" }],
  [
    "vllm-8b-fp8-on-l4",
    { engine: "vllm", config: llama8B, quantization: "fp8", kvCache: "fp8" },
    { gpus: 1, gpuModel: "L4" },
  ],
  ["vllm-8b-on-t4s", { engine: "vllm", config: llama8B, maxModelLen: 8192 }, { gpus: 2, gpuModel: "T4" }],
  ["vllm-70b-on-4-h100", { engine: "vllm", config: llama70B }, { gpus: 4, gpuModel: "H100" }],
  ["vllm-70b-on-2-nodes", { engine: "vllm", config: llama70B }, { gpus: 2, gpuModel: "H100" }, 2],
  ["vllm-mixtral-on-2-a100", { engine: "vllm", config: mixtral8x7B }, { gpus: 2, gpuModel: "A100-80GB" }],
  ["vllm-deepseek-on-8-h200", { engine: "vllm", config: deepSeek }, { gpus: 8, gpuModel: "H200" }],
  [
    "vllm-8b-lora-on-h100",
    { engine: "vllm", config: llama8B, lora: { adapters, maxRank: 24 }, maxModelLen: 16_384 },
    { gpus: 1, gpuModel: "H100" },
  ],
  ["vllm-7b-on-3-a10", { engine: "vllm", config: qwen7B, prefixCaching: false }, { gpus: 3, gpuModel: "A10G" }],
  ["sglang-8b-on-l4", { engine: "sglang", config: llama8B }, { gpus: 1, gpuModel: "L4" }],
  ["sglang-deepseek-on-8-h200", { engine: "sglang", config: deepSeek }, { gpus: 8, gpuModel: "H200" }],
  [
    "sglang-70b-lora-on-2-nodes",
    { engine: "sglang", config: llama70B, lora: { adapters } },
    { gpus: 4, gpuModel: "A100" },
    2,
  ],
  ["tgi-8b-on-l40s", { engine: "tgi", config: llama8B, prefixCaching: false }, { gpus: 1, gpuModel: "L40S" }],
  [
    "tgi-70b-lora-on-4-h100",
    { engine: "tgi", config: llama70B, lora: { adapters }, kvCache: "fp8" },
    { gpus: 4, gpuModel: "H100" },
  ],
  ["trtllm-70b-on-4-h100", { engine: "trtllm", config: llama70B }, { gpus: 4, gpuModel: "H100" }],
  [
    "trtllm-mixtral-on-2-h100",
    { engine: "trtllm", config: mixtral8x7B, maxModelLen: 8192 },
    { gpus: 2, gpuModel: "H100" },
  ],
  ["llamacpp-7b-on-cpus", { engine: "llamacpp", card: tinyCard }, { gpus: 0, gpuModel: null }],
  [
    "llamacpp-7b-on-rtx-4090",
    { engine: "llamacpp", card: tinyCard, kvCache: "fp8" },
    { gpus: 1, gpuModel: "RTX 4090" },
  ],
];

const cases = combinations.map(([name, preset, place, nodes = 1]) => ({ name, preset, place, nodes }));

test.each(cases)("renders $name", async ({ name, preset, place, nodes }) => {
  const parsed = presetSchema.parse({ source: "/models/it", ...preset });
  const rendered = renderPreset(parsed, { ...alone, nodes, ...place });
  const { command, workerCommand, explanation, ...rest } = rendered;
  const text = [
    command.join(" "),
    ...(workerCommand === null ? [] : [`workers: ${workerCommand.join(" ")}`]),
    JSON.stringify(rest),
    "",
    ...explanation,
    "",
  ].join("\n");

  await expect(text).toMatchFileSnapshot(`golden/${name}.txt`);
});

test("every flag of a command is explained", () => {
  const unexplained = cases.flatMap(({ preset, place, nodes }) => {
    const rendered = renderPreset(presetSchema.parse({ source: "/m", ...preset }), { ...alone, nodes, ...place });
    const explained = rendered.explanation.join("\n");
    const parts = [...rendered.command, ...(rendered.workerCommand ?? [])];
    return parts.filter((part) => part.startsWith("--") && !part.startsWith("--model") && !explained.includes(part));
  });

  expect(unexplained).toEqual([]);
});

test.each(modelConfigs)("the weights of %s are counted from its shapes within 2 %%", (_name, config, parameters) => {
  expect(Math.abs(modelCard(config).parameters / parameters - 1)).toBeLessThan(0.02);
});

test.each([
  [
    "too large a model",
    { engine: "vllm", config: llama70B },
    { gpus: 1, gpuModel: "H100" },
    /do not fit 1 GPUs of 85.5 GB; ask for about 2/,
  ],
  ["no GPU", { engine: "vllm", config: llama8B }, { gpus: 0, gpuModel: null }, /wants at least one GPU/],
  [
    "an unknown GPU",
    { engine: "vllm", config: llama8B },
    { gpus: 1, gpuModel: "Z9" },
    /"Z9" is not a model that is known/,
  ],
  [
    "too long a context",
    { engine: "vllm", config: mixtral8x7B, maxModelLen: 40_000 },
    { gpus: 4, gpuModel: "H100" },
    /made for 32768/,
  ],
  ["half a GPU", { engine: "vllm", config: llama8B }, { gpus: 0.5, gpuModel: "L4" }, /whole GPUs, found 0.5/],
  [
    "heads that TGI cannot divide",
    { engine: "tgi", config: qwen7B },
    { gpus: 3, gpuModel: "A10G" },
    /28 heads cannot be divided/,
  ],
  [
    "adapters in TensorRT-LLM",
    { engine: "trtllm", config: llama8B, lora: { adapters } },
    { gpus: 1, gpuModel: "H100" },
    /no flag for adapters/,
  ],
  [
    "a config without sizes",
    { engine: "vllm", config: { hidden_size: 5 } },
    { gpus: 1, gpuModel: "L4" },
    /num_hidden_layers/,
  ],
])("%s is refused with what would help", (_what, preset, place, message) => {
  const parsed = presetSchema.parse({ source: "/models/it", ...preset });
  expect(() => renderPreset(parsed, { ...alone, ...place })).toThrow(message);
});

test("without a source, the deployment's registered model is loaded", () => {
  const parsed = presetSchema.parse({ engine: "vllm", config: llama8B });
  const place = { ...alone, gpus: 1, gpuModel: "L4" };

  expect(() => renderPreset(parsed, place)).toThrow(/wants something to load/);
  expect(renderPreset(parsed, { ...place, hasRegisteredModel: true }).command[2]).toBe("{model_path}");
});
