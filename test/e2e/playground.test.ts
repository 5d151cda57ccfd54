import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StandInServer } from "../../bench/serving/stand-in-server.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { TestBrowser, withSignedInPage } from "./signed-in-page.ts";
import { showPage } from "./visit-pages.ts";

/* Deployments on simulated engines, without a model: fast, and so slow that an answer would take minutes. */

const startTimeoutMs = 180_000;
/** Several waits in a row, each with its own limit. */
const testTimeoutMs = 400_000;
const engine = {
  slots: 8,
  kvTokens: 50_000,
  prefillMsPerToken: 0.1,
  stepMs: 20,
  stepMsPerAnswer: 0.2,
  chunkTokens: 512,
};

let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let browser: TestBrowser;
let slowUrl: string;
const engines: StandInServer[] = [];

async function startEngine(speed: number): Promise<string> {
  const started = new StandInServer(engine, { model: "simulated", speed });
  engines.push(started);
  return `http://127.0.0.1:${await started.listen(0, "127.0.0.1")}`;
}

beforeAll(async () => {
  browser = new TestBrowser();
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path, cwd: "/" });
  slowUrl = await startEngine(0.1);
  const external = (url: string) => ({ url, model: "simulated", engine: "vllm", slots: 8 });
  const deployments = [
    {
      name: "quick",
      spec: { runtime: "external", external: external(await startEngine(5)), slo: { ttftMs: 5_000, tpotMs: 500 } },
    },
    { name: "slow", spec: { runtime: "external", external: external(slowUrl) } },
    {
      name: "tensors",
      spec: { runtime: "external", external: { url: slowUrl, model: "t", protocol: "v2", probe: "none" } },
    },
  ];
  const manifests = deployments.map((each) => ({ kind: "Deployment", project: "default", ...each }));
  expect(await server.call("POST", "/api/v1/apply", { manifests })).toMatchObject({ status: 200 });
  for (const { name } of deployments) {
    await until(`${name} serves`, async () => {
      const found = (await server.call("GET", `/api/v1/projects/default/deployments/${name}`)).json;
      return (found as { status?: { phase: string } }).status?.phase === "serving";
    });
  }
}, startTimeoutMs);

afterAll(async () => {
  await browser.stop();
  await server.end("SIGTERM");
  for (const each of engines) await each.stop();
  await folder.remove();
}, startTimeoutMs);

/** Opens a page of a deployment, lets `look` see it, and answers with what was wrong on it. */
async function onPage(path: string, heading: string, look: (page: Page) => Promise<void>): Promise<readonly string[]> {
  return await withSignedInPage(
    server.controlUrl,
    server.key,
    async (page, problems) => {
      await page.goto(`${server.controlUrl}/deployments/default/${path}`);
      await showPage(page, heading);
      await look(page);
      return problems;
    },
    browser,
  );
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel("Question").fill(question);
  await page.getByLabel("Question").press("Enter");
}

test("an answer streams in, tells its figures, and the next question carries what was said", {
  timeout: testTimeoutMs,
}, async () => {
  const bodies: unknown[] = [];
  const problems = await onPage("quick/playground", "Playground", async (page) => {
    page.on("request", (request) => {
      if (request.url().endsWith("/invoke/v1/chat/completions")) bodies.push(request.postDataJSON());
    });
    await page.getByLabel("System prompt").fill("Be brief.");
    await page.getByLabel("Tokens at most").fill("40");
    await ask(page, "What are you?");
    const log = page.getByRole("log", { name: "Conversation with quick" });
    await log.getByText("This text comes from a simulator").waitFor();
    await log.getByText("done").waitFor();
    await log
      .getByText(/first token .* · .* tokens\/s · \d+ in, 40 out · ended by length · version external/)
      .waitFor();
    await ask(page, "Again");
    await until("both are answered", async () => (await log.getByText("done").count()) === 2);
  });

  expect(problems).toEqual([]);
  expect(bodies).toMatchObject([
    { stream: true, max_tokens: 40, messages: [{ role: "system", content: "Be brief." }, { role: "user" }] },
    { messages: [{ role: "system" }, { role: "user" }, { role: "assistant" }, { role: "user", content: "Again" }] },
  ]);
});

test("a version is chosen by name, and compared with whichever the split of the traffic chooses", {
  timeout: testTimeoutMs,
}, async () => {
  const models: unknown[] = [];
  const problems = await onPage("quick/playground", "Playground", async (page) => {
    page.on("request", (request) => {
      if (!request.url().endsWith("/invoke/v1/chat/completions")) return;
      models.push((request.postDataJSON() as { readonly model?: string }).model);
    });
    await page.getByLabel("Tokens at most").fill("10");
    const versions = page.getByLabel("Version");
    await versions.locator("option").nth(1).waitFor({ state: "attached" });
    expect(await versions.locator("option").allTextContents()).toEqual([
      "by traffic split",
      "external (champion, 100%)",
    ]);
    await versions.selectOption("quick@external");
    await ask(page, "Which one are you?");
    const log = page.getByRole("log", { name: "Conversation with quick external" });
    await log.getByText(/10 out .* version external/).waitFor();
    await versions.selectOption("");
    await page.getByLabel("Compare with").selectOption("quick@external");
    await ask(page, "And you?");
    const split = page.getByRole("log", { name: "Conversation with quick", exact: true });
    await split.getByText("done").last().waitFor();
    await log.getByText("done").waitFor();
  });

  expect(problems).toEqual([]);
  expect(models.toSorted((left, right) => String(left).localeCompare(String(right)))).toEqual([
    "quick",
    "quick@external",
    "quick@external",
  ]);
});

test("a question goes to two deployments side by side; stopping ends it there as well, down to the engine", {
  timeout: testTimeoutMs,
}, async () => {
  const problems = await onPage("quick/playground?with=slow", "Playground", async (page) => {
    await ask(page, "What are you?");
    await page.getByRole("log", { name: "Conversation with quick" }).getByText("done").waitFor();
    const slow = page.getByRole("log", { name: "Conversation with slow" });
    await slow.getByText("streaming").waitFor();
    await slow.getByText("This").first().waitFor();
    expect(await running(slowUrl)).toBe(1);
    await page.getByRole("button", { name: "Stop" }).click();
    await slow.getByText("aborted").waitFor();
    await until("the engine let it go", async () => (await running(slowUrl)) === 0);
  });

  expect(problems).toEqual([]);
});

/** Requests that an engine works on, as its metrics say. */
async function running(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(/^vllm:num_requests_running\S* (\S+)$/m.exec(page)?.[1] ?? Number.NaN);
}

test("a form is made from what a model says of itself, and its answers are shown by version", {
  timeout: testTimeoutMs,
}, async () => {
  const sent: unknown[] = [];
  const problems = await onPage("slow/playground", "Playground", async (page) => {
    const inputs = [
      { name: "image", datatype: "FP32", shape: [-1, 2] },
      { name: "words", datatype: "BYTES", shape: [-1] },
    ];
    await page.route("**/invoke/v2/models/tensors", (route) =>
      route.fulfill({ json: { name: "tensors", versions: ["1", "2"], inputs, outputs: [] } }),
    );
    await page.route("**/infer", async (route: Route) => {
      sent.push(route.request().postDataJSON());
      const version = /versions\/(\d)/.exec(route.request().url())?.[1] ?? "?";
      const outputs = [{ name: "label", datatype: "BYTES", shape: [2], data: [`cat ${version}`, "dog"] }];
      await route.fulfill({ json: { model_version: version, outputs } });
    });
    await page.goto(`${server.controlUrl}/deployments/default/tensors/playground`);
    await page.getByLabel("image").fill("1, 2, 3");
    await page.getByText("3 elements do not fill the shape [-1, 2]").waitFor();
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    await page.getByLabel("image").fill("1, 2\n3, 4");
    await page.getByLabel("words").fill("a, b");
    await page.getByLabel("Version").selectOption("*");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("heading", { name: "Answer of version 2" }).waitFor();
    await page.getByRole("cell", { name: "cat 1" }).waitFor();
    await page.getByRole("button", { name: "Edit as JSON" }).click();
    expect(await page.getByLabel("Request as JSON").inputValue()).toContain('"image"');
  });

  expect(problems).toEqual([]);
  expect(sent).toHaveLength(2);
  expect(sent[0]).toEqual({
    inputs: [
      { name: "image", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] },
      { name: "words", datatype: "BYTES", shape: [2], data: ["a", "b"] },
    ],
  });
});

test("a load test runs in the server, shows its progress, and what it found", { timeout: testTimeoutMs }, async () => {
  const path = "/api/v1/projects/default/deployments/quick/load-test";
  const problems = await onPage("quick", "quick", async (page) => {
    await page.getByRole("button", { name: "Load test…" }).click();
    await page.getByLabel("Requests a second", { exact: true }).fill("20");
    await page.getByLabel("Seconds").fill("4");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("progressbar", { name: "Load test" }).waitFor();
    await page.getByText("From when it was due").waitFor();
    await page.getByText("admin let 20 requests a second come for 4.0 s").waitFor();
    await page.getByRole("img", { name: "Spans by percentile" }).waitFor();
    await page.getByText("runs elsewhere").waitFor();
  });

  expect(problems).toEqual([]);
  const { json } = await server.call("GET", path);
  expect(json).toMatchObject({ kind: "ended", failure: null, report: { requests: { failed: 0, unfinished: 0 } } });
  expect(await server.call("POST", path, { rate: 5_000, durationMs: 1_000 })).toMatchObject({ status: 400 });
});

test("while a load test runs, another one of the same deployment is refused", async () => {
  const path = "/api/v1/projects/default/deployments/slow/load-test";
  // Longer than this test may take: it is ended below.
  const shape = { rate: 1, durationMs: 300_000 };
  expect(await server.call("POST", path, shape)).toMatchObject({ status: 200 });

  expect(await server.call("POST", path, shape)).toMatchObject({
    status: 409,
    json: { error: { code: "serving.load-test-running" } },
  });

  expect(await server.call("DELETE", path)).toMatchObject({ status: 200 });
  await until("it has ended", async () => ((await server.call("GET", path)).json as { kind: string }).kind === "ended");
});
