import type { PlanningKind } from "../planning/questions/model.ts";

/** The option that sets a field, where it is not named like it; a member of a workload is named as it is inside of it. */
const options: Readonly<Record<string, string>> = {
  model: "--model",
  parameters: "--parameters",
  activeParameters: "--active-parameters",
  accelerator: "--gpu",
  gpu: "--gpu",
  gpus: "--gpus",
  gpusPerNode: "--gpus-per-node",
  network: "--network",
  precision: "--precision",
  tokens: "--tokens",
  sequenceTokens: "--sequence",
  globalSequences: "--batch",
  stack: "--stack",
  isLora: "--lora",
  frozenPrecision: "--qlora",
  engine: "--engine",
  inputTokens: "--input",
  outputTokens: "--output",
  peakPerSecond: "--rps",
  ttftSeconds: "--ttft",
  tpotSeconds: "--tpot",
  goodShare: "--good",
  concurrency: "--concurrency",
  tensor: "--tensor",
  cachedShare: "--cached",
  tokensPerStep: "--tokens-per-step",
  draftShare: "--draft",
  load: "--load",
  hourShares: "--hours",
  days: "--days",
  months: "--months",
  startMonth: "--start",
  utilisation: "--use",
  serverUsdPerGpu: "--server-usd",
  rentUsdPerGpuHour: "--rent-usd",
  tokensPerSecondPerGpu: "--tokens-per-second",
  usdPerKwh: "--usd-per-kwh",
  pue: "--pue",
  residency: "--residency",
  isolation: "--isolation",
  certifications: "--certification",
  engineersAvailable: "--engineers",
};

/** Fields that are none of a plan's options: a plan has its own file. */
export function optionOf(kind: PlanningKind, path: string): string | undefined {
  if (kind === "plan") return undefined;
  const [field = ""] = path.replace(/^work\./, "").split(/[.[]/);
  return kind === "advise" && field === "gpus" ? "--gpu" : options[field];
}

/** What may stand behind an option, for who left it out. */
const examples: Readonly<Record<string, string>> = {
  "--model": "llama-3-70b",
  "--gpu": "H100",
  "--gpus": "64",
  "--rps": "20",
  "--tokens": "1T",
  "--days": "30d",
};

/** `--gpus 64`; undefined for an option that no question needs. */
export function exampleOf(option: string): string | undefined {
  const example = examples[option];
  return example === undefined ? undefined : `${option} ${example}`;
}
