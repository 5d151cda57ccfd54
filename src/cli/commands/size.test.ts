import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { recordingContext } from "../fixtures/recording-context.ts";
import { advise } from "./advise.ts";
import { cost } from "./cost.ts";
import { sizeInference, sizeTraining } from "./size.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "size-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

const training = { model: "llama-3-70b", gpu: "H100", gpus: 64, tokens: 1e12 };

test("a training run is answered in words: layouts, why others lost, memory bars, errors and assumptions", async () => {
  const context = recordingContext({});

  expect(await sizeTraining(context, training)).toBe(0);
  const text = context.printed.join("\n");

  expect(text).toContain("Training Llama-3.1-70B on 64 x H100-SXM");
  expect(text).toMatch(/the best\n.* % slower/);
  expect(text).toMatch(/\d+: does not fit in memory/);
  expect(text).toMatch(/tensor \d+, pipeline \d+, data \d+ +▕█+/);
  expect(text).toMatch(/±\d+\.\d % +step time.*: 80 % of \d+ measured rows, measured on training \(Megatron, dense\)/);
  expect(text).toContain("precision was not given: bf16 is assumed");
});

test("a config.json of Hugging Face is read as it is, and the answer is wider because no row has that model", async () => {
  await mkdir(join(folder, "my-model"));
  const config = join(folder, "my-model", "config.json");
  await writeFile(
    config,
    JSON.stringify({
      hidden_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      intermediate_size: 14336,
      vocab_size: 128256,
    }),
  );
  const context = recordingContext({});

  await sizeTraining(context, { ...training, gpus: 8, model: config });

  expect(context.printed[0]).toBe("Training my-model on 8 x H100-SXM");
  expect(context.printed.join("\n")).toContain('no measured row has the model "my-model", whose shape was given');
});

test("a served model is answered with the replicas that keep the goals; --json prints all of it", async () => {
  const context = recordingContext({ format: "json" });

  await sizeInference(context, { model: "llama-3-8b", gpu: "H200", rps: 20, input: 2000, output: 300, ttft: 1 });

  const { answer } = JSON.parse(context.printed.join("")) as { answer: Record<string, unknown> };
  expect(answer).toMatchObject({ accelerator: "H200-SXM", replicas: { goodShare: expect.any(Number) } });
  expect(answer["errors"]).toEqual(
    expect.arrayContaining([expect.objectContaining({ words: expect.stringContaining("measured on") })]),
  );
});

test("options win over the question's file, and what the file alone says is kept", async () => {
  const file = join(folder, "question.yaml");
  await writeFile(file, "gpu: H200\ngpus: 8\nmonths: 24\ndraws: 100\n");
  const context = recordingContext({ format: "json" });

  await cost(context, { file, gpu: "B200" });

  expect(JSON.parse(context.printed.join(""))).toMatchObject({
    answer: { gpu: "B200-SXM", gpus: 8, cost: { draws: 100, comparison: { options: expect.any(Array) } } },
  });
});

test("the report and the answer are written into a folder", async () => {
  const context = recordingContext({});

  await cost(context, { gpu: "H100", gpus: 8, out: folder });

  expect((await readdir(folder)).sort()).toEqual(["answer.json", "report.html", "report.md", "tables.csv"]);
  expect(await readFile(join(folder, "report.md"), "utf8")).toMatch(
    /Buying\s+has\s+(not\s+)?cost\s+less\s+than\s+renting/,
  );
});

test("advice compares GPUs under rules, and says which ways the rules close", async () => {
  const context = recordingContext({});
  const work = { model: "llama-3-8b", rps: 5, input: 500, output: 100 };

  await advise(context, { ...work, gpu: ["H100", "H200"], residency: ["DE"], isolation: "dedicated-host" });

  const text = context.printed.join("\n");
  expect(text).toContain("not rent on demand: isolation is shared; dedicated-host is required");
  expect(text).toMatch(/\nH\d00-SXM .* the best .*\nH\d00-SXM .* (\+[\d.]+ %|\d+ times) /);
});

test.each([
  [{ ...training, gpu: "H10" }, "planning.accelerator-unknown", /alike: .*H100-SXM/],
  [{ ...training, model: "llama-3-7b" }, "planning.model-unknown", /alike: /],
  [{ ...training, gpus: undefined }, "planning.request-invalid", /gpus/],
  [{ ...training, model: "/nowhere/config.json" }, "cli.file-unreadable", /check its path/],
])("a question that cannot be answered (%#) is refused with what to do", async (input, code, words) => {
  const failure: unknown = await sizeTraining(recordingContext({}), setOnly(input)).catch((error: unknown) => error);

  expect(isFault(failure) && failure.code).toBe(code);
  expect(String(failure)).toMatch(words);
});

test.each([
  ["outputTokens: -5", /q\.yaml:4:15: outputTokens: wanted a number of at least 1; found -5/],
  ["rps: 7\noutputTokens: 5", /q\.yaml:4:6: rps: there is no such field/],
  [
    "outputTokens: 5\nparameters: 13e9",
    /q\.yaml:5:13: parameters: Llama-3\.1-8B of the catalog has 8\.03 billion weights/,
  ],
])("a question's file is refused with line and column: %s", async (line, words) => {
  const file = join(folder, "q.yaml");
  await writeFile(file, `model: llama-3-8b\naccelerator: H100\ninputTokens: 1000\n${line}\n`);
  const failure: unknown = await sizeInference(recordingContext({}), { file }).catch((error: unknown) => error);

  expect(String(failure)).toMatch(words);
});

test("a first question needs few words, and what is missing is named by its option", async () => {
  const context = recordingContext({});
  const asked = async (run: Promise<number>): Promise<string> =>
    String(await run.catch((error: unknown) => (isFault(error) ? error.message : error)));

  expect(await sizeInference(context, { model: "llama-3-8b", gpu: "H100" })).toBe(0);
  expect(context.printed.join("\n")).toContain("inputTokens was not given: 1,024 tokens of a prompt is assumed");
  expect(await asked(sizeInference(context, { model: "llama-3-8b" }))).toBe(
    "--gpu (accelerator): it is missing; give it, such as --gpu H100",
  );
  expect(await asked(sizeTraining(context, { model: "llama-3-8b" }))).toBe(
    "--gpu (accelerator): it is missing; give it, such as --gpu H100\n--gpus: it is missing; give it, such as --gpus 64",
  );
  expect(await asked(cost(context, { gpu: "H100" }))).toBe("--gpus: it is missing; give it, such as --gpus 64");
  expect(await asked(cost(context, { gpu: "H100", gpus: 8, months: 6 }))).toBe(
    "--months: wanted a number of at least 12; found 6",
  );
  expect(await asked(advise(context, { model: "llama-3-8b" }))).toBe(
    "--rps (work.peakPerSecond): it is missing; give it, such as --rps 20",
  );
});

test("speculative decoding is asked for by what a step yields and what its draft costs", async () => {
  const tokenOf = async (more: object): Promise<number> => {
    const context = recordingContext({ format: "json" });
    await sizeInference(context, { model: "llama-3-8b", gpu: "H100", tensor: 1, ...more });
    const { answer } = JSON.parse(context.printed.join("")) as {
      answer: { closedLoop: { tpotSeconds: { likely: number } } };
    };
    return answer.closedLoop.tpotSeconds.likely;
  };

  expect(await tokenOf({ tokensPerStep: 2, draft: 0.1 })).toBeLessThan(await tokenOf({}));
});

test("a question's file that holds no object is refused as such", async () => {
  const file = join(folder, "q.yaml");
  await writeFile(file, "- a\n- b\n");

  await expect(sizeInference(recordingContext({}), { file })).rejects.toThrow(/q\.yaml:1:1: .*found a list/);
});

test("what an option says in the file's stead has no line, and a workload's own field has one", async () => {
  const file = join(folder, "q.yaml");
  await writeFile(
    file,
    "work:\n  kind: serving\n  model: lama-3-8b\n  inputTokens: 9\n  outputTokens: 9\n  peakPerSecond: 1\n",
  );
  const asked = async (run: Promise<number>): Promise<string> =>
    String(await run.catch((error: unknown) => (isFault(error) ? error.message : error)));

  expect(await asked(advise(recordingContext({}), { file }))).toMatch(/q\.yaml:3:10: the catalog has no model/);
  await writeFile(file, "gpu: H100\ngpus: 8\n");
  expect(await asked(cost(recordingContext({}), { file, gpu: "H10O" }))).toMatch(/^gpu must be a GPU of the catalog/);
});

test("training and serving cannot be asked at once, and a workload must be named", async () => {
  await expect(advise(recordingContext({}), { model: "llama-3-8b", rps: 1, tokens: 1e9 })).rejects.toThrow(
    "ask for one",
  );
  await expect(advise(recordingContext({}), {})).rejects.toThrow("--model NAME");
});

/** Members that are undefined are as good as absent to an option's type, not to the compiler. */
function setOnly<Value extends object>(value: Value): { [Key in keyof Value]-?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}
