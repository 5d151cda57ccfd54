import { expect, test } from "vitest";
import { answerQuestion } from "./answer-question.ts";
import type { SiteRows } from "../calibration/model.ts";
import { type InferenceAnswer, sizeInference, sizeInferenceOnce } from "./size-inference.ts";

const served = {
  model: "Llama-3.1-8B",
  accelerator: "H100",
  inputTokens: 2000,
  outputTokens: 200,
  tensor: 1,
  peakPerSecond: 20,
  ttftSeconds: 0.5,
  tpotSeconds: 0.05,
};

test("a lone request waits as long in the simulation of a peak as in the closed loop of one", () => {
  const { closedLoop, replicas } = sizeInference({ ...served, peakPerSecond: 0.01, concurrency: 1 });
  const [first, token] = [closedLoop.ttftSeconds.likely, closedLoop.tpotSeconds.likely];

  expect((replicas?.atPeak.ttftSeconds.p50 ?? 0) / first).toBeCloseTo(1, 0);
  expect(Math.abs(Math.log((replicas?.atPeak.ttftSeconds.p50 ?? 0) / first))).toBeLessThan(0.15);
  expect(Math.abs(Math.log((replicas?.atPeak.tpotSeconds.p50 ?? 0) / token))).toBeLessThan(0.1);
});

test("speculative decoding speeds tokens at the peak as it does in the closed loop; a draft that costs more than it gains does not", () => {
  const tpot = (change: object): number =>
    sizeInference({ ...served, peakPerSecond: 2, ...change }).replicas?.atPeak.tpotSeconds.p50 ?? 0;

  expect(tpot({ tokensPerStep: 2, draftShare: 0.2 })).toBeLessThan(0.75 * tpot({}));
  expect(tpot({ tokensPerStep: 1.2, draftShare: 1 })).toBeGreaterThan(tpot({}));
});

test("replicas have a range: those that the load takes with all times at the ends of their intervals", () => {
  const { replicas } = sizeInference(served);
  const { low, high } = replicas?.range ?? {};

  expect(low).toBeLessThanOrEqual(replicas?.replicas ?? 0);
  expect(high ?? Number.POSITIVE_INFINITY).toBeGreaterThan(replicas?.replicas ?? 0);
});

test("hours of a day follow the load's shares; shares without a peak, or that never reach it, are refused", () => {
  const hourShares = Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 0.1 : 1));
  const { hours, replicas } = sizeInference({ ...served, hourShares });

  expect(hours?.replicas).toHaveLength(24);
  expect(Math.max(...(hours?.replicas ?? []))).toBe(replicas?.replicas);
  expect(hours?.gpuHours).toBeLessThan(hours?.gpuHoursHeld ?? 0);
  const { peakPerSecond: _peak, ...bare } = served;
  expect(() => sizeInference({ ...bare, hourShares })).toThrow("give peakPerSecond");
  expect(() => sizeInference({ ...served, hourShares: hourShares.map(() => 0.5) })).toThrow(
    "the busiest hour is the peak",
  );
  expect(() => sizeInference({ ...served, hourShares: [1] })).toThrow("write 24 shares");
});

test("how requests follow each other changes what first tokens wait for", () => {
  const first = (load: string): number => sizeInference({ ...served, load }).closedLoop.ttftSeconds.likely;

  expect(first("fixed")).not.toBeCloseTo(first("varied"), 4);
});

/** A site on which times came out `factor` times as long as predicted, thirty times. */
function siteOf(kind: "ttft" | "tpot", factor: number): SiteRows {
  const rows = Array.from({ length: 30 }, () => ({ low: 0.5, likely: 1, high: 2, measured: factor }));
  return { kind, group: "H100-SXM vllm", rows };
}

test("what a site measured is carried through the simulation of the peak: replicas and times move with it, and say whose they are", () => {
  const ask = (site: readonly SiteRows[]): InferenceAnswer =>
    answerQuestion({ kind: "size-inference", question: served, thisMonth: "2026-12", site: [...site] })
      .answer as unknown as InferenceAnswer;
  const shipped = ask([]);
  const slow = ask([siteOf("ttft", 2), siteOf("tpot", 1.5)]);
  const fast = ask([siteOf("tpot", 0.6)]);
  const peak = ({ replicas }: InferenceAnswer) => ({
    goodput: replicas?.goodputPerReplica ?? 0,
    tpot: replicas?.atPeak.tpotSeconds.p50 ?? 0,
  });

  expect(peak(slow).goodput).toBeLessThan(peak(shipped).goodput);
  expect(peak(fast).goodput).toBeGreaterThan(peak(shipped).goodput);
  expect(slow.replicas?.replicas).toBeGreaterThan(shipped.replicas?.replicas ?? 0);
  expect(slow.saturated.outputTokensPerSecond.likely).toBeLessThan(shipped.saturated.outputTokensPerSecond.likely);
  const words = slow.errors.find(({ quantity }) => quantity.startsWith("replicas for the peak"))?.words;
  expect(words).toMatch(/simulated with this site's times \(first token ±.*measured on this site; token ±/);
  expect(slow.errors[0]?.words).toMatch(/^this site: /);
});

test("split serving is told beside one replica on the same footing: with what the site measured, and as unsure of what stands in", () => {
  const open = { ...served, tensor: undefined, peakPerSecond: undefined, ttftSeconds: 30, tpotSeconds: 1 };
  const ask = (question: object, site: readonly SiteRows[] = []): InferenceAnswer =>
    answerQuestion({ kind: "size-inference", question, thisMonth: "2026-12", site: [...site] })
      .answer as unknown as InferenceAnswer;
  const gain = ({ split, closedLoop }: InferenceAnswer): number =>
    (split?.closedLoop.outputTokensPerSecondPerGpu ?? 0) / closedLoop.outputTokensPerSecondPerGpu;
  const shipped = ask(open);

  expect(gain(shipped)).toBeGreaterThan(0);
  expect(gain(ask(open, [siteOf("tpot", 2)]))).toBeCloseTo(gain(shipped), 9);
  const guessed = ask({ ...open, model: "acme-8b" }).split?.error;
  expect(guessed?.percent).toBeGreaterThan(shipped.split?.error.percent ?? Number.POSITIVE_INFINITY);
  expect(guessed?.words).toContain('"acme-8b" is planned in the proportions of');
});

test("a question that speaks against itself is answered with the caution first: too long a context, a draft that costs more than it yields", () => {
  const long = sizeInference({ ...served, model: "Llama-2-7B", inputTokens: 5000 });
  const dear = sizeInference({ ...served, tokensPerStep: 1.5, draftShare: 2 });

  expect(long.cautions.join()).toContain("made for sequences of 4096 tokens, and these have 5200");
  expect(dear.cautions.join()).toContain("the draft makes decoding slower");
  expect(sizeInference(served).cautions).toEqual([]);
});

test("experts cannot be spread over more accelerators than there are of them", () => {
  expect(() => sizeInference({ ...served, model: "Mixtral-8x7B", tensor: 16, expert: 16 })).toThrow("found expert 16");
  expect(() => sizeInference({ ...served, expert: 2, tensor: 2 })).toThrow("no experts to spread");
});

test("at the rate that a replica is said to sustain, goals are kept for as long as it is watched", () => {
  const { replicas } = sizeInference({ ...served, peakPerSecond: 100_000 });

  // Watched on other draws than it was found on: a thousand late requests tell the share to within a percent.
  expect(replicas?.atPeak.goodShare).toBeGreaterThanOrEqual(0.94);
  expect(replicas?.atPeak.goodShareLate).toBeGreaterThanOrEqual(0.94);
});

test("a model that no node holds is spread over as few nodes as do, and the answer says that nobody measured that", () => {
  const large = sizeInference({ model: "Llama-3.1-405B", accelerator: "H100" });

  expect(large.gpusPerReplica).toBe(16);
  expect(large.options.map(({ layout }) => layout.pipeline)).toContain(2);
  expect(large.cautions.join()).toContain("no node can hold a replica: it is spread over 2");
  expect(sizeInference({ model: "Llama-3.1-405B", accelerator: "H200", precision: "fp8" }).cautions).toEqual([]);
});

test("where no replica keeps the goals, every layout is told with its reason, and what to do once", () => {
  const words = (change: object): string => {
    try {
      return String(sizeInference({ ...served, tensor: undefined, ...change }));
    } catch (error) {
      return String(error);
    }
  };
  const tight = words({ tpotSeconds: 0.001 });

  expect(tight.match(/\n {2}\d GPUs?/g)).toHaveLength(4);
  expect(tight).toMatch(
    /8 GPUs: tensor 8: even a lone request .* a token after it takes .*, not 1 ms\nwiden the goals/,
  );
  expect(words({ model: "Llama-3.1-405B", accelerator: "L4", gpusPerNode: 1 })).toMatch(/fewer bits \(fp8\)/);
});

test("a replica that may not fit is told so first", () => {
  const { memory, cautions } = sizeInference({
    model: "Llama-3.3-70B",
    accelerator: "H100",
    precision: "fp8",
    tensor: 1,
  });

  expect(memory.fitProbability).toBeLessThan(0.9);
  expect(cautions.join()).toMatch(/may not fit \(chance \d+ %\)/);
});

test("what if: a narrower format, other loads, goals and prompts are answered beside the first question", () => {
  const whatIfsOf = (change: object): readonly { readonly change: string; readonly effect: string }[] =>
    answerQuestion({ kind: "size-inference", question: { ...served, ...change }, thisMonth: "2026-12" }).answer[
      "whatIfs"
    ] as never;
  const gpusAt = (change: object, begin: string): number =>
    Number(/^\d+/.exec(whatIfsOf(change).find((each) => each.change.startsWith(begin))?.effect ?? "")?.[0]);
  const many = { peakPerSecond: 200 };

  expect(gpusAt(many, "weights and cache in fp8")).toBeLessThan(gpusAt(many, "twice the load"));
  expect(gpusAt(many, "half of each prompt")).toBeLessThan(gpusAt(many, "prompts twice as long"));
  expect(
    whatIfsOf({ peakPerSecond: undefined, accelerator: "A100", cachedShare: 0.2 }).map((each) => each.change),
  ).toEqual(["twice as many requests in flight", "prompts twice as long"]);
});

test("the report tells what was asked, and all of an interval in one unit", () => {
  const { document } = answerQuestion({
    kind: "size-inference",
    question: { ...served, cachedShare: 0.25, inputTokens: 30_000, concurrency: 64, ttftSeconds: 60, tpotSeconds: 9 },
    thisMonth: "2026-12",
  });
  const items = document.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === "list" ? block.items : [])),
  );

  expect(items[0]).toBe("20 requests/s at the peak of 30,000 tokens in (25 % of them in a prefix cache) and 200 out.");
  const first = items.find((item) => item.startsWith("With 64 requests in flight")) ?? "";
  expect(first).toMatch(/a TTFT of [\d.,]+ (\w+) \([\d.,]+ \1 to [\d.,]+ \1\)/);
});

test("of replicas of as many GPUs, one that may not fit comes after one that does, and is told so", () => {
  const { options, lost } = sizeInference({
    model: "Qwen3-Coder-480B-A35B-Instruct",
    accelerator: "H100",
    precision: "fp8",
    peakPerSecond: 3,
  });

  expect(options[0]).toMatchObject({ layout: { tensor: 8 } });
  expect(options[0]?.memory.fitProbability).toBeGreaterThan(0.99);
  expect(lost.find(({ layout }) => layout.startsWith("8 GPUs: data-parallel attention"))?.why).toMatch(
    /^fits less surely \(\d\d %\)$/,
  );
});

test("who only wants the best way gets the same one, whatever the load", () => {
  for (const peakPerSecond of [0.5, 30, 400]) {
    for (const model of ["Llama-3.1-8B", "Llama-3.1-70B"]) {
      const question = { ...served, model, tensor: undefined, peakPerSecond, ttftSeconds: 2, tpotSeconds: 0.1 };
      const [all, once] = [sizeInference(question), sizeInferenceOnce(question)];

      expect([once.words, once.replicas?.replicas]).toEqual([all.words, all.replicas?.replicas]);
    }
  }
});

test("a replica of nodes with fewer accelerators is not wider than they are; a rack's fast links are", () => {
  const widest = (change: object): number =>
    Math.max(
      ...sizeInference({ model: "Llama-3.1-8B", accelerator: "H100", ...change }).options.map(
        (each) => each.gpusPerReplica,
      ),
    );

  expect(widest({})).toBe(8);
  expect(widest({ gpusPerNode: 2 })).toBe(2);
  expect(widest({ accelerator: "GB200", gpusPerNode: 4 })).toBeGreaterThan(4);
});

test("hours that all take as many replicas need no table", () => {
  const headings = (peakPerSecond: number): readonly string[] =>
    answerQuestion({
      kind: "size-inference",
      question: {
        ...served,
        ttftSeconds: 2,
        peakPerSecond,
        hourShares: Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 0.1 : 1)),
      },
      thisMonth: "2026-12",
    }).document.sections.map(({ heading }) => heading);

  expect(headings(1)).not.toContain("Replicas by the hour");
  expect(headings(100)).toContain("Replicas by the hour");
});

test("a model whose makers publish fewer bits is planned in them unless bits are asked for, and then that is told", () => {
  const question = { model: "DeepSeek-V3", accelerator: "H200" };
  const [published, wide] = [sizeInference(question), sizeInference({ ...question, precision: "bf16" })];

  expect(published.assumptions).toContainEqual(
    "precision was not given: fp8 is assumed, as the makers' checkpoint says",
  );
  expect(wide.asked.precision).toBe("bf16");
  expect(wide.cautions).toContainEqual(expect.stringContaining("the makers' checkpoint says fp8"));
});
