import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batchCancel, batchList, batchRun, batchStatus } from "../../src/cli/commands/batch.ts";
import { type RecordingContext, recordingContext } from "../../src/cli/fixtures/recording-context.ts";
import {
  type BatchPlatform,
  chatLine,
  startBatchPlatform,
  type WrittenLine,
} from "../../src/serving/fixtures/batch-platform.ts";
import { type Behaviour, completes, fails } from "../../src/serving/fixtures/stand-in-upstream.ts";

let rig: BatchPlatform;
let folder: string;

beforeAll(async () => {
  rig = await startBatchPlatform();
  folder = await mkdtemp(join(tmpdir(), "millwright-cli-batch-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await rig.close();
});

/** A command's surroundings whose pauses really take a moment. */
function context(format: RecordingContext["format"] = "text"): RecordingContext {
  const recording = recordingContext({ url: rig.controlUrl, format, now: Date.now() });
  return { ...recording, pause: async () => await new Promise((resolve) => setTimeout(resolve, 50)) };
}

const shouts: Behaviour = (request, response) => {
  const [message] = (request.body.messages ?? []) as readonly { readonly content: string }[];
  const content = message?.content ?? "";
  (content.includes("bad") ? fails(400) : completes(content.toUpperCase()))(request, response);
};

async function written(path: string): Promise<readonly WrittenLine[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as WrittenLine);
}

test("a file of requests is sent, followed and answered; what failed is kept beside the answers", async () => {
  rig.upstream.behave(shouts);
  const file = join(folder, "questions.jsonl");
  await writeFile(file, ["one", "bad", "three"].map((word) => chatLine(word, word)).join("\n"));
  const out = join(folder, "answers.jsonl");
  const run = context();

  expect(await batchRun(run, { file, out, window: "24h" })).toBe(1);

  expect((await written(out)).map((line) => line.custom_id)).toEqual(["one", "three"]);
  expect((await written(join(folder, "answers.errors.jsonl"))).map((line) => line.custom_id)).toEqual(["bad"]);
  expect(run.said.join("\n")).toContain("completed: 3 of 3 (100 %), 1 failed");
  const list = context();
  expect(await batchList(list)).toBe(0);
  expect(list.printed[1]).toContain("3/3");
});

test("each row of a table becomes a request, and its answer stands beside it in a table of the same format", async () => {
  rig.upstream.behave(shouts);
  const input = join(folder, "words.csv");
  await writeFile(input, 'word,note\ncat,"a, b"\ndog,\n');
  const code = await batchRun(context(), { input, model: "chat", prompt: "{word} ({note})", window: "1h" });

  expect(code).toBe(0);
  const [head = "", ...rows] = (await readFile(join(folder, "words.answers.csv"), "utf8")).trimEnd().split("\n");
  expect(head).toMatch(/^word,note,answer,/);
  expect(rows[0]).toContain('cat,"a, b","CAT (A, B)"');
  expect(rows[1]).toContain("dog,,DOG ()");
  expect(rows).toHaveLength(2);
});

test("problems of the file are told with their lines", async () => {
  const file = join(folder, "problems.jsonl");
  await writeFile(file, `${chatLine("one", "hi")}\n{oops\n`);
  const run = context();

  expect(await batchRun(run, { file, window: "24h" })).toBe(1);

  expect(run.said.join("\n")).toContain("line 2: a line wants JSON, found none");
});

test("a batch that is not waited for can be looked at and cancelled", async () => {
  rig.upstream.behave(() => undefined);
  const file = join(folder, "slow.jsonl");
  await writeFile(file, chatLine("one", "hi"));
  const run = context("quiet");
  expect(await batchRun(run, { file, window: "24h", detach: true })).toBe(0);
  const [id = ""] = run.printed;

  expect(await batchCancel(context(), { id })).toBe(0);
  const status = context("quiet");
  expect(await batchStatus(status, { id })).toBe(0);
  expect(status.printed[0]).toMatch(/^cancell(ing|ed)$/);
});

test.each([
  ["rows without a prompt", { input: "ROWS", model: "chat" }, "--prompt"],
  ["a column that is not there", { input: "ROWS", model: "chat", prompt: "{b}" }, 'the column "b"'],
  ["a file that is not there", { file: "/nowhere/x.jsonl" }, "cannot read"],
  ["a table that is not there", { input: "/nowhere/x.csv", model: "chat", prompt: "{a}" }, "cannot read"],
])("%s is refused with what to do", async (_what, given, words) => {
  const rows = join(folder, "rows.csv");
  await writeFile(rows, "a\n1\n");
  const input = "input" in given && given.input === "ROWS" ? { ...given, input: rows } : given;

  await expect(batchRun(context(), { ...input, window: "24h" })).rejects.toThrow(words);
});
