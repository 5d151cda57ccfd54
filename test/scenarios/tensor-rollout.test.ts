import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { ProjectSession } from "./project-session.ts";
import { endServing } from "./small-deployment.ts";

/*
 * A canary of a model by its own tensors, through a real server with real ONNX replicas: versions are uploaded and approved as people do,
 * while callers of the Open Inference Protocol v2 never stop asking.
 */

interface Rollout {
  readonly versionId: string;
  readonly state: string;
  readonly reason: string;
}

interface Served {
  readonly champion: { readonly versionId: string } | null;
  readonly rollout: Rollout | null;
}

interface Answer {
  readonly status: number;
  readonly version: string | null;
  readonly probabilities: readonly number[];
}

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let session: ProjectSession;
let approverKey: string;
const base = "/api/v1/projects/default";

/** Who asks at once. */
const callers = 40;
/** After as many errors in a row the gateway asks a version no more. */
const fastAbortErrors = 10;

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", gatewayWorkers: 1 });
  session = new ProjectSession(() => server, "default");
  await server.call("POST", "/api/v1/identities", { name: "grace", team: "default", role: "approver" });
  approverKey = ((await server.call("POST", "/api/v1/keys", { identity: "grace" })).json as { key: string }).key;
  await session.apply({ kind: "Pool", name: "local", spec: {} }, session.resource("Model", "scores", {}));
});

afterAll(async () => {
  await endServing(server, "default", "scores");
  await server.end("SIGTERM");
  await directory.remove();
});

/** Uploads a model, registers it without rows to judge it by, and has a second person let it serve. @returns its id. */
async function release(fixture: string): Promise<string> {
  const file = await readFile(new URL(`../../src/serving/fixtures/${fixture}.onnx`, import.meta.url));
  const upload = await fetch(`${server.controlUrl}${base}/model-files/${fixture}.onnx`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.key}`, "content-type": "application/octet-stream" },
    body: file,
  });
  const { objectKey } = (await upload.json()) as { objectKey: string };
  const registered = await server.call("POST", `${base}/model-versions`, { model: "scores", objectKey });
  const { id } = registered.json as { id: string };
  const word = { override: true, reason: "it takes no rows that a suite could judge" };
  const approved = await server.call("POST", `${base}/model-versions/${id}/approve`, word, approverKey);
  expect(approved.json).toMatchObject({ id, state: "approved" });
  return id;
}

/** The score of (3, 1, 1) is 3 + 2 - 1 = 4. */
async function infer(id: string): Promise<Answer> {
  const answer = await fetch(`${server.gatewayUrl}/v2/models/scores/infer`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({
      id,
      inputs: [{ name: "input", datatype: "FP32", shape: [1, 3], data: [3, 1, 1] }],
      outputs: [{ name: "probabilities" }],
    }),
  });
  const json = (await answer.json()) as { readonly outputs?: readonly { readonly data: readonly number[] }[] };
  const version = answer.headers.get("x-millwright-version");
  return { status: answer.status, version, probabilities: json.outputs?.[0]?.data ?? [] };
}

/** Goes on asking until the deployment is as wanted. @returns all answers. */
async function askUntil(what: string, isWanted: (served: Served) => boolean): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  await until(what, async () => {
    const ids = Array.from({ length: callers }, (_, index) => `${what}-${answers.length + index}`.replaceAll(" ", "-"));
    answers.push(...(await Promise.all(ids.map(infer))));
    return isWanted((await session.status("deployments", "scores")) as unknown as Served);
  });
  return answers;
}

const late = 1 / (1 + Math.exp(-4));

test("a healthy version is promoted and a broken one rolled back, while callers of tensors go on asking", async () => {
  const first = await release("matrix");
  const rollout = { steps: [20, 100], minRequestsPerStep: 40, maxLatencyIncrease: 100, fastAbortErrors };
  const spec = { runtime: "onnx", model: "scores", pool: "local", resources: { cpus: 0.2, memory: "1GiB" }, rollout };
  await session.apply(session.resource("Deployment", "scores", spec));
  await session.reached("deployments", "scores", "serving");
  expect((await infer("before")).probabilities[1]).toBeCloseTo(late, 5);

  const second = await release("inverted");
  const during = await askUntil("the second version is promoted", ({ champion }) => champion?.versionId === second);
  expect(during.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(during.map(({ version }) => version))).toEqual(new Set(["1", "2"]));
  expect(((await session.status("deployments", "scores")) as unknown as Served).rollout).toMatchObject({
    versionId: second,
    state: "completed",
  });
  const promoted = await infer("after");
  expect([promoted.version, promoted.probabilities[0]]).toEqual(["2", expect.closeTo(late, 5)]);

  // It looks its first number up in a table of two, and 3 is not in it: every run fails.
  const third = await release("failing");
  const broken = await askUntil(
    "the third version is rolled back",
    ({ rollout: now }) => now?.versionId === third && now.state === "rolled-back",
  );
  const after = (await session.status("deployments", "scores")) as unknown as Served;
  expect(after.champion?.versionId).toBe(second);
  expect(after.rollout?.reason).toMatch(/errors in a row|requests failed|error rate/);
  const answered = broken.filter(({ status }) => status === 200);
  expect(new Set(answered.map(({ version }) => version))).toEqual(new Set(["2"]));
  // All who ask together may have been sent to it before the error was known that was one too many.
  expect(broken.length - answered.length).toBeLessThan(fastAbortErrors + callers);
  const whole = await infer("at-last");
  expect([whole.status, whole.version]).toEqual([200, "2"]);
  const versions = await session.versions();
  expect(versions.map(({ id }) => id).toSorted()).toEqual([first, second, third].toSorted());
});
