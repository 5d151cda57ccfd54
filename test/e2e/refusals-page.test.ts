import { afterAll, beforeAll, expect, test } from "vitest";
import { StandInServer } from "../../bench/serving/stand-in-server.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { withSignedInPage } from "./signed-in-page.ts";
import { showPage } from "./visit-pages.ts";

/* What the gateway refuses of a deployment, as its page shows it. */

const startTimeoutMs = 180_000;
/** Several waits in a row, each with its own limit. */
const testTimeoutMs = 400_000;
const engine = {
  slots: 8,
  kvTokens: 50_000,
  prefillMsPerToken: 0.1,
  stepMs: 300,
  stepMsPerAnswer: 0.1,
  chunkTokens: 512,
};

let folder: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let upstream: StandInServer;

beforeAll(async () => {
  folder = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: folder.path, cwd: "/" });
  upstream = new StandInServer(engine, { model: "simulated", speed: 1 });
  const url = `http://127.0.0.1:${await upstream.listen(0, "127.0.0.1")}`;
  const external = { url, model: "simulated", engine: "vllm", slots: 8 };
  // Of many at once one runs and one waits.
  const admission = { maxConcurrent: 1, maxQueued: 1 };
  const subject = { project: "default", deployment: "chat" };
  const manifests = [
    { kind: "Deployment", project: "default", name: "chat", spec: { runtime: "external", external } },
    { kind: "Deployment", project: "default", name: "full", spec: { runtime: "external", external, admission } },
    { kind: "Deployment", project: "default", name: "quiet", spec: { runtime: "external", external } },
    { kind: "TrafficLimit", name: "few", spec: { subject, requestsPerMinute: 3 } },
  ];
  expect(await server.call("POST", "/api/v1/apply", { manifests })).toMatchObject({ status: 200 });
  for (const name of ["chat", "full", "quiet"]) {
    await until(`${name} serves`, async () => {
      const found = (await server.call("GET", `/api/v1/projects/default/deployments/${name}`)).json;
      return (found as { status?: { phase: string } }).status?.phase === "serving";
    });
  }
}, startTimeoutMs);

afterAll(async () => {
  await server.end("SIGTERM");
  await upstream.stop();
  await folder.remove();
}, startTimeoutMs);

async function ask(body: string, key = server.key): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`${server.gatewayUrl}/v1/chat/completions`, { method: "POST", headers, body });
  await answer.text();
  return answer.status;
}

const hello = (model: string): string =>
  JSON.stringify({ model, max_tokens: 2, messages: [{ role: "user", content: "hi" }] });

test("a deployment's page tells what was refused and what to do; one of which nothing was says so", {
  timeout: testTimeoutMs,
}, async () => {
  const problemsBefore = await withSignedInPage(server.controlUrl, server.key, async (page, found) => {
    await page.goto(`${server.controlUrl}/deployments/default/quiet`);
    await showPage(page, "quiet");
    await page.getByText("No request was refused in this span").waitFor();
    return found;
  });
  await Promise.all(Array.from({ length: 20 }, () => ask(hello("full"))));
  await until("the limit is in force", async () => (await ask(hello("chat"))) === 429);
  await Promise.all(Array.from({ length: 60 }, () => ask(hello("chat"))));
  await ask("no json");
  await ask(hello("chat"), "nobody-s-key");
  const path = "/api/v1/projects/default/deployments/chat/traffic";
  await until("the refusals are told", async () =>
    JSON.stringify((await server.call("GET", path)).json).includes("malformed"),
  );
  const problems = await withSignedInPage(server.controlUrl, server.key, async (page, found) => {
    await page.goto(`${server.controlUrl}/deployments/default/chat`);
    await showPage(page, "chat");
    await page.getByRole("heading", { name: "Refused, by reason" }).waitFor();
    const rows = page.locator("table.rows tr");
    expect(await rows.filter({ hasText: "limit: requests a minute" }).innerText()).toContain("Raise requestsPerMinute");
    expect(await rows.filter({ hasText: "body: not what the path takes" }).innerText()).toContain(
      "no deployment found",
    );
    expect(await rows.filter({ hasText: "key: none" }).innerText()).toContain("the whole gateway");
    await page.getByLabel("Refused requests by reason over time").waitFor();
    await page.goto(`${server.controlUrl}/deployments/default/full`);
    await showPage(page, "full");
    expect(await rows.filter({ hasText: "queue full" }).innerText()).toContain("spec.admission.maxQueued");
    return found;
  });

  expect([...problemsBefore, ...problems]).toEqual([]);
});
