import * as z from "zod";

const countOf = (value: number): string => value.toLocaleString("en-US");
const shareOf = (value: number): string => `${Number((value * 100).toPrecision(4))} %`;

/** How the value of a field is told, where the bare one does not say what it counts. */
const tellings: Readonly<Record<string, (value: number) => string>> = {
  inputTokens: (value) => `${countOf(value)} tokens of a prompt`,
  outputTokens: (value) => `${countOf(value)} tokens of an answer`,
  sequenceTokens: (value) => `${countOf(value)} tokens`,
  globalSequences: (value) => `${countOf(value)} sequences a step`,
  concurrency: (value) => `${countOf(value)} requests in flight on a replica`,
  cachedShare: (value) => `${shareOf(value)} of each prompt`,
  goodShare: (value) => `${shareOf(value)} of requests`,
  ttftSeconds: (value) => `${countOf(value)} s`,
  tpotSeconds: (value) => `${countOf(value)} s`,
  checkpointSeconds: (value) => `${countOf(value)} s`,
  restartSeconds: (value) => `${countOf(value)} s`,
  gpusPerNode: (value) => `${countOf(value)} GPUs a server`,
  tokensPerStep: (value) => (value === 1 ? "no speculative decoding" : `${countOf(value)} tokens a step`),
  draftShare: (value) => (value === 0 ? "no draft" : `${shareOf(value)} of a step`),
  attentionData: (value) => (value === 1 ? "one copy of attention" : `${countOf(value)} copies of attention`),
  expert: (value) => (value === 1 ? "no expert parallelism" : `expert parallelism over ${countOf(value)} GPUs`),
  tensor: (value) => (value === 1 ? "no tensor parallelism" : `tensor parallelism over ${countOf(value)} GPUs`),
  gpuHoursPerInterruption: (value) => `${countOf(value)} GPU-hours (16,384 H100 of Llama-3, arXiv 2407.21783)`,
};

/**
 * What a question left out and what was taken for it, in words, each named by its field.
 *
 * @param question the question with what stands in for its absent fields; objects, lists and absent ones are not told.
 * @param value the question as it was asked.
 */
export function assumedFields(question: Readonly<Record<string, unknown>>, value: unknown): readonly string[] {
  const given = z.record(z.string(), z.unknown()).parse(value);
  return Object.entries(question)
    .filter(([name, each]) => given[name] === undefined && each !== undefined && typeof each !== "object")
    .map(([name, each]) => `${name} was not given: ${tell(name, each)} is assumed`);
}

function tell(name: string, value: unknown): string {
  const telling = tellings[name];
  return telling !== undefined && typeof value === "number" ? telling(value) : String(value);
}
