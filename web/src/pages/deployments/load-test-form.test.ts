import { expect, test } from "vitest";
import { serverLoadTestSchema } from "../../../../src/serving/loadtest/model.ts";
import { firstLoadTest, loadTestAsk } from "./load-test-form.ts";
import { replicaRows } from "./replica-rows.ts";

test("what the form offers first is what the server takes", () => {
  expect(serverLoadTestSchema.parse(loadTestAsk(firstLoadTest, true))).toMatchObject({
    rate: 2,
    durationMs: 20_000,
    prefixes: null,
    slo: { ttftMs: 1_000, tpotMs: 100 },
  });
  const shared = loadTestAsk({ ...firstLoadTest, prefixes: "8", ttftMs: "", tpotMs: "" }, true);
  expect(serverLoadTestSchema.parse(shared)).toMatchObject({ prefixes: { count: 8, tokens: 512 }, slo: null });
});

test("a model of tensors is asked neither for turns nor for bounds of tokens", () => {
  expect(loadTestAsk({ ...firstLoadTest, endToEndMs: "50" }, false)).toMatchObject({ slo: { endToEndMs: 50 } });
  expect(loadTestAsk(firstLoadTest, false)).not.toHaveProperty("turns");
});

test("replicas are shown with what lies on them, those that run elsewhere last", () => {
  const load = (replica: string) => ({ replica, version: "1", requests: 2, tokens: 30, engine: null });
  const own = { version: "v1", workload: "w1", state: "running", isReady: true, message: "" };
  const rows = replicaRows([own, { ...own, workload: "w2", isReady: false }], [load("w1"), load("external-1")]);

  expect(
    rows.map(({ id, state, isWorkload, load: found }) => [id, state, isWorkload, found?.requests ?? null]),
  ).toEqual([
    ["w1", "ready", true, 2],
    ["w2", "running", true, null],
    ["external-1", "ready", false, 2],
  ]);
});
