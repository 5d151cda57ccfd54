import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginBatch, chatLine, linesOf, reached } from "../../src/serving/fixtures/batch-platform.ts";
import { type StandInUpstream, startStandInUpstream } from "../../src/serving/fixtures/stand-in-upstream.ts";
import { type FreshDatabase, freshDatabase } from "../database.ts";
import { type ServerProcess, startServerProcess, steadyPort, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { ProjectSession } from "./project-session.ts";

const lineCount = 400;

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let database: FreshDatabase;
let upstream: StandInUpstream;
let port: number;
let server: ServerProcess;
const session = new ProjectSession(() => server, "default");

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  database = await freshDatabase();
  upstream = await startStandInUpstream();
  port = await steadyPort();
  server = await start();
});

afterAll(async () => {
  await server.end("SIGTERM");
  await upstream.stop();
  await database.close();
  await directory.remove();
});

async function start(): Promise<ServerProcess> {
  return await startServerProcess({ dataDir: directory.path, cwd: "/", port, env: { DATABASE_URL: database.url } });
}

test("a server that is killed in the middle of a batch, twice, goes on with it and writes exactly one line for each", async () => {
  const counts = new Map<string, number>();
  /** Requests beyond this many lines wait: the batch cannot come to its end before it was looked at. */
  let linesLet = 0;
  const held: (() => void)[] = [];
  const letThrough = (lines: number): void => {
    linesLet = lines;
    for (const answer of held.splice(0)) answer();
  };
  upstream.behave((request, response) => {
    const [message] = (request.body.messages ?? []) as readonly { readonly content: string }[];
    const content = message?.content ?? "probe";
    counts.set(content, (counts.get(content) ?? 0) + 1);
    const isBad = content.endsWith("7");
    const body = isBad
      ? { error: { message: "no", type: "invalid_request_error", param: null, code: "no" } }
      : { id: "c", object: "chat.completion", choices: [{ index: 0, message: { role: "assistant", content } }] };
    const answer = (): void => {
      if (content !== "probe" && counts.size > linesLet) held.push(answer);
      else response.writeHead(isBad ? 400 : 200, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    setTimeout(answer, 40);
  });
  const external = { url: `${upstream.url}/v1`, model: "llama" };
  await session.apply(session.resource("Deployment", "chat", { runtime: "external", external }));
  await session.reached("deployments", "chat", "serving");
  const names = Array.from({ length: lineCount }, (_, index) => `line-${index}`);
  const client = (): OpenAI => new OpenAI({ baseURL: `${server.gatewayUrl}/v1`, apiKey: server.key, maxRetries: 5 });
  const id = await beginBatch(
    client(),
    names.map((name) => chatLine(name, name)),
  );

  for (const share of [0.2, 0.6]) {
    letThrough(lineCount * share);
    await until(`${share} of the requests were made`, () => counts.size >= lineCount * share);
    await server.end("SIGKILL");
    server = await start();
    expect((await client().batches.retrieve(id)).status).toBe("in_progress");
  }
  letThrough(Number.POSITIVE_INFINITY);
  const batch = await reached(client(), id, "completed", "failed");

  const bad = names.filter((name) => name.endsWith("7"));
  expect(batch).toMatchObject({
    status: "completed",
    request_counts: { total: lineCount, completed: lineCount - bad.length, failed: bad.length },
  });
  const answered = await linesOf(client(), batch.output_file_id);
  const failed = await linesOf(client(), batch.error_file_id);
  expect(answered.map((line) => line.custom_id)).toEqual(names.filter((name) => !name.endsWith("7")));
  expect(failed.map((line) => line.custom_id)).toEqual(bad);
  expect([...counts.keys()].filter((content) => content !== "probe")).toHaveLength(lineCount);
});
