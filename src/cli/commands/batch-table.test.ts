import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type BatchPlatform, startBatchPlatform } from "../../serving/fixtures/batch-platform.ts";
import { completes, fails, neverAnswers } from "../../serving/fixtures/stand-in-upstream.ts";
import { onnxFixture, startProgram, type TestReplica } from "../../serving/fixtures/start-replica.ts";
import { deploymentKind, deploymentSpecSchema } from "../../serving/model.ts";
import { BatchCalls } from "../batch-calls.ts";
import { chatRows } from "../chat-rows.ts";
import { recordingContext } from "../fixtures/recording-context.ts";
import { TableRun, type TableRunNeeds } from "../table-run.ts";
import { readState } from "../table-run-state.ts";
import { type BatchTableInput, batchTable } from "./batch-table.ts";

/* Tables asked row by row with a real control plane, database and gateway; chats meet a stand-in, tensors a real ONNX replica. */

let rig: BatchPlatform;
let replica: TestReplica;
let folder: string;

beforeAll(async () => {
  rig = await startBatchPlatform();
  replica = startProgram({
    program: "onnx-server",
    task: { model: "late", version: "1", columns: null },
    files: { "model.onnx": onnxFixture("matrix") },
  });
  const address = await replica.ready;
  if (address.kind !== "model" || address.address.kind !== "unix") throw new Error("the replica wants a socket");
  const proxy = await startProxy(address.address.path);
  const spec = deploymentSpecSchema.parse({
    runtime: "external",
    external: { url: proxy, model: "late", protocol: "v2" },
  });
  await rig.platform.resources.apply("tester", { kind: deploymentKind.kind, project: "default", name: "late", spec });
  await until("late serves", async () => {
    const found = await rig.platform.resources.get(deploymentKind, "default", "late");
    return found?.status.phase === "serving";
  });
}, 120_000);

afterAll(async () => {
  await rig?.close();
  replica?.stop();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "batch-table-"));
});

afterEach(async () => await rm(folder, { recursive: true, force: true }));

/** A port for what listens on a Unix socket. */
async function startProxy(socketPath: string): Promise<string> {
  const server = createServer((asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request({ socketPath, method, path: url, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with the question, refuses what has "bad" in it. */
function echoes(): void {
  rig.upstream.behave((asked, response) => {
    // The platform's own probes ask nothing.
    const messages = asked.body.messages as readonly { readonly content: string }[] | undefined;
    const text = messages?.[0]?.content ?? "";
    (text.includes("bad") ? fails(400) : completes(`re: ${text}`))(asked, response);
  });
}

async function run(given: Omit<BatchTableInput, "window" | "model"> & { readonly model?: string }) {
  const context = recordingContext({ url: rig.controlUrl, project: "default" });
  const code = await batchTable(context, { model: "chat", window: "24h", ...given });
  return { code, said: context.said };
}

async function sql(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    return (await connection.runAndReadAll(statement)).getRowObjectsJson();
  } finally {
    instance.closeSync();
  }
}

const file = (name: string): string => join(folder, name);
const linesOf = async (name: string): Promise<readonly string[]> =>
  (await readFile(file(name), "utf8")).split("\n").filter((line) => line !== "");

test("CSV is written again with an answer beside each row, bad rows among them", async () => {
  echoes();
  await writeFile(file("in.csv"), 'id,text,error\n7,"one, ""two""",\n8,bad,x\n9,three,y,z\n10,four,\n');
  const { code, said } = await run({ input: file("in.csv"), prompt: "{id}: {text}" });

  expect(await linesOf("in.answers.csv")).toEqual([
    "id,text,error,answer,error_",
    '7,"one, ""two""",,"re: 7: one, ""two""",',
    expect.stringMatching(/^8,bad,x,,"?400: /),
    '9,three,y,,"the row wants 3 fields, found 4"',
    "10,four,,re: 10: four,",
  ]);
  expect(code).toBe(1);
  expect(said.at(-1)).toMatch(/^4 rows in .*, \d+ rows\/s, 2 with an error: .*in\.answers\.csv$/);
});

test("JSON lines keep their members; a line that is none is told and kept", async () => {
  echoes();
  await writeFile(
    file("in.jsonl"),
    '{"id": 1, "deep": {"text": [1]}, "text": "a"}\n\n{oops\n{"id": 3}\n{"id": 4, "text": "b", "error": 7}',
  );
  const { code } = await run({ input: file("in.jsonl"), prompt: "{text}", out: file("out.jsonl") });

  expect((await linesOf("out.jsonl")).map((line) => JSON.parse(line) as unknown)).toEqual([
    { id: 1, deep: { text: [1] }, text: "a", answer: "re: a", error_: null },
    { line: "{oops", answer: null, error_: "the line is no JSON object" },
    { id: 3, answer: null, error_: expect.stringMatching(/names the column "text"/) },
    { id: 4, text: "b", error: 7, answer: "re: b", error_: null },
  ]);
  expect(code).toBe(1);
});

test("Parquet keeps the types of its columns, and its order", async () => {
  echoes();
  const rows =
    "SELECT (9007199254740993 + range)::BIGINT AS id, DATE '2026-01-01' AS day, 'row ' || range AS text FROM range(120)";
  await sql(`COPY (${rows}) TO '${file("in.parquet")}' (FORMAT parquet)`);
  const { code } = await run({ input: file("in.parquet"), prompt: "{text}" });

  expect(code).toBe(0);
  const out = `'${file("in.answers.parquet")}'`;
  expect(await sql(`SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${out})`)).toEqual([
    { name: "id", type: "BIGINT" },
    { name: "day", type: "DATE" },
    { name: "text", type: "VARCHAR" },
    { name: "answer", type: "VARCHAR" },
    { name: "error", type: "VARCHAR" },
  ]);
  const found = await sql(`FROM ${out}`);
  expect(found.map(({ id, answer, error }) => [id, answer, error])).toEqual(
    Array.from({ length: 120 }, (_, row) => [String(9_007_199_254_740_993n + BigInt(row)), `re: row ${row}`, null]),
  );
});

test("rows become tensors, many a request; one that the model refuses costs the others nothing", async () => {
  const rows = "SELECT range AS id, [range / 10, 0, 0]::DOUBLE[] AS input FROM range(20)";
  await sql(
    `COPY (SELECT id, CASE id WHEN 13 THEN [1e39, 0, 0] WHEN 5 THEN [1, 2] ELSE input END AS input FROM (${rows})) TO '${file("in.parquet")}' (FORMAT parquet)`,
  );
  const { code } = await run({ input: file("in.parquet"), model: "late", rowsPerRequest: 8 });

  expect(code).toBe(1);
  const found = await sql(`FROM '${file("in.answers.parquet")}' ORDER BY id`);
  expect(Object.keys(found[0] ?? {})).toEqual(["id", "input", "label", "probabilities", "error"]);
  expect(found.length).toBe(20);
  for (const { id, label, probabilities, error } of found) {
    const number = Number(id);
    if (number === 5) expect(error).toMatch(/wants 3 elements, found 2/);
    else if (number === 13) expect(error).toMatch(/400: .*finite in FP32/);
    else {
      const late = 1 / (1 + Math.exp(-number / 10));
      expect([error, Number(label)]).toEqual([null, Number(late > 0.5)]);
      expect(Number((probabilities as readonly unknown[])[1])).toBeCloseTo(late, 5);
    }
  }
});

test("columns of CSV are joined to the one input of tensors, and texts that are no numbers are told", async () => {
  await writeFile(file("in.csv"), "name,a,b,c\nx,1,0,0\ny,one,0,0\nz,0,0,1\n");
  const { code } = await run({ input: file("in.csv"), model: "late", columns: "a, b, c" });
  expect(code).toBe(1);
  expect(await linesOf("in.answers.csv")).toEqual([
    "name,a,b,c,label,probabilities,error",
    expect.stringMatching(/^x,1,0,0,1,"\[0\.26\d+,0\.73\d+\]",$/),
    expect.stringMatching(/^y,one,0,0,,,.*element 0.*wants a number/),
    expect.stringMatching(/^z,0,0,1,0,"\[0\.73\d+,0\.26\d+\]",$/),
  ]);
});

test("a run that is killed is taken up by the same command: one row of output for each of the input, and no second batch", async () => {
  rig.upstream.behave(neverAnswers);
  const input = file("in.csv");
  await writeFile(input, `text\n${Array.from({ length: 300 }, (_, row) => `row ${row}`).join("\n")}\n`);
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const words = ["batch", "run", "--input", input, "--model", "chat", "--prompt", "{text}", "--project", "default"];
  const child = spawn(process.execPath, [main, ...words, "--server", rig.controlUrl], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const state = `${file("in.answers.csv")}.run.json`;
  const begun = await until("the batch is begun", async () => {
    const text = await readFile(state, "utf8").catch(() => "{}");
    return /"batchId":"([^"]+)"/.exec(text)?.[1] ?? false;
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  // As if it had been killed before it could note the batch, which it is then to find.
  const forgotten = (await readFile(state, "utf8")).replace(
    /"parts":\[\{[^\]]*\],"isPlanned":true/,
    '"parts":[],"isPlanned":false',
  );
  await writeFile(state, forgotten.replace(/"parts":\[\{[^\]]*\]/, '"parts":[]'));
  expect(await readFile(state, "utf8")).not.toContain(begun);
  echoes();
  const { code, said } = await run({ input, prompt: "{text}" });

  expect(said[0]).toMatch(/going on with the run/);
  expect(code).toBe(0);
  const lines = await linesOf("in.answers.csv");
  expect(lines).toEqual([
    "text,answer,error",
    ...Array.from({ length: 300 }, (_, row) => `row ${row},re: row ${row},`),
  ]);
  const batches = (await rig.openai.batches.list({ limit: 100 })).data;
  expect(batches[0]?.id).toBe(begun);
  await expect(readFile(state, "utf8")).rejects.toThrow(/ENOENT/);
});

test("a run of other options is not taken up, and a wrong column is told before anything is sent", async () => {
  await writeFile(file("in.csv"), "text\na\n");
  await writeFile(`${file("in.answers.csv")}.run.json`, "{}");
  await expect(run({ input: file("in.csv"), prompt: "{text}" })).rejects.toThrow(/another input or with other options/);
  await rm(`${file("in.answers.csv")}.run.json`);
  await expect(run({ input: file("in.csv"), prompt: "{word}" })).rejects.toThrow(/column "word"; there are text/);
  await expect(run({ input: file("in.csv"), model: "late" })).rejects.toThrow(/no column "input"; it has text/);
  await expect(run({ input: file("in.txt"), prompt: "{text}" })).rejects.toThrow(/cannot read/);
});

test("a large table goes in several batches, and a run that was killed between two begins only those that are missing", async () => {
  echoes();
  const [input, out] = [file("in.jsonl"), file("out.jsonl")];
  const rows = Array.from({ length: 25 }, (_, row) => JSON.stringify({ text: `row ${row}` }));
  await writeFile(input, rows.join("\n"));
  const context = recordingContext({ url: rig.controlUrl, project: "default" });
  const calls = new BatchCalls(await context.connect(), context);
  const model = chatRows({ model: "chat", prompt: "{text}" });
  const columns = [...model.columns, { name: "error", type: "VARCHAR" }];
  const needs = {
    calls,
    input,
    out,
    window: "24h",
    model,
    columns,
    partLines: 10,
    signal: context.signal,
    say: () => undefined,
  };
  const before = (await calls.list(100)).length;
  let begun = 0;
  const dying: TableRunNeeds["calls"] = {
    upload: async (path) => {
      begun += 1;
      if (begun === 3) throw new Error("killed");
      return await calls.upload(path);
    },
    begin: async (...given) => await calls.begin(...given),
    findMarked: async (mark) => await calls.findMarked(mark),
    look: async (id) => await calls.look(id),
    content: async (id) => await calls.content(id),
  };
  await expect(new TableRun({ ...needs, calls: dying }, "f", undefined).send(0)).rejects.toThrow("killed");
  const run = new TableRun(needs, "f", await readState(out, "f"));
  await run.send(0);

  expect(run.parts(0).map((part) => part.rows)).toEqual([10, 10, 5]);
  expect((await calls.list(100)).length).toBe(before + 3);
  for (const { batchId } of run.parts(0)) {
    await until("the batch has ended", async () => (await calls.look(batchId))["status"] === "completed");
  }
  await run.findSplit();
  expect(await run.write()).toEqual({ rows: 25, failed: 0 });
  const answers = (await linesOf("out.jsonl")).map((line) => (JSON.parse(line) as { readonly answer: unknown }).answer);
  expect(answers).toEqual(Array.from({ length: 25 }, (_, row) => `re: row ${row}`));
});
