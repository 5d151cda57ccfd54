import { expect, test } from "vitest";
import { initialResource } from "./fixtures/external-deployment.ts";
import { type ExternalSnapshot, type ProbeResult, planExternal } from "./external-plan.ts";

const url = "http://127.0.0.1:7701/v1";

function snapshot(probe: ProbeResult, change: Partial<ExternalSnapshot> = {}): ExternalSnapshot {
  const deployment = initialResource({ url: "http://engine:8000/v1/", model: "llama", apiKeyFile: "engine-key" });
  const { external } = deployment.spec;
  if (external === undefined) throw new Error("the fixture has no external block");
  return { deployment, external, probe, replicas: [], url, now: 1_000, ...change };
}

test("an address that is ready serves everything, without a workload of its own", () => {
  const plan = planExternal(snapshot({ kind: "ready" }));

  expect(plan.starts).toEqual([]);
  expect(plan.status).toMatchObject({ phase: "serving", revision: 1, url });
  expect(plan.route).toMatchObject({
    kind: "model",
    protocol: "openai",
    versions: [{ percent: 100, replicas: [{ address: { kind: "http", url: "http://engine:8000" }, model: "llama" }] }],
  });
});

test("the route names where the key is found, never the key", () => {
  const [version] = planExternal(snapshot({ kind: "ready" })).route?.versions ?? [];

  expect(version?.replicas).toMatchObject([{ credential: { kind: "file", name: "engine-key" } }]);
});

test("an address that was never ready has a route without replicas, so that callers hear 503 and not 404", () => {
  const plan = planExternal(snapshot({ kind: "not-ready", why: "refused" }));

  expect(plan.status.phase).toBe("deploying");
  expect(plan.message).toContain("refused");
  expect(plan.route?.versions).toMatchObject([{ replicas: [] }]);
});

test("an address that served keeps its place when a probe fails, and the revision stays", () => {
  const first = planExternal(snapshot({ kind: "ready" }));
  const deployment = { ...snapshot({ kind: "ready" }).deployment, status: first.status };
  const second = planExternal(snapshot({ kind: "not-ready", why: "refused" }, { deployment }));

  expect(second.route).toEqual(first.route);
  expect(second.status).toMatchObject({ phase: "deploying", revision: first.status.revision });
});
