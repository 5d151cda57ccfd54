import { afterEach, expect, test } from "vitest";
import { recordingContext } from "../fixtures/recording-context.ts";
import { openStubApi, type StubApi } from "../fixtures/stub-api.ts";
import { orderRollout } from "./rollout-order.ts";
import { traffic } from "./traffic.ts";

const rollout = { version: "2", strategy: "canary", state: "paused", reason: "40 requests at 5 % decided nothing" };
const deployment = {
  kind: "Deployment",
  name: "chat",
  project: "flights",
  status: {
    rollout,
    traffic: [
      { versionId: "b", version: "2", percent: 5, arm: "candidate" },
      { versionId: "a", version: "1", percent: 90, arm: "champion" },
      { versionId: "a", version: "1", percent: 5, arm: "baseline" },
    ],
  },
};
const path = "/api/v1/projects/flights/deployments/chat";
const comparison = { difference: 0.002, lower: -0.01, upper: 0.014 };
const answers = {
  [`GET ${path}`]: { json: deployment },
  [`GET ${path}/traffic`]: {
    json: {
      versions: [
        { versionId: "a", total: { requests: 760, errors: 2, p50Ms: 7.288247262442827, p99Ms: 82.45710499580183 } },
      ],
    },
  },
  [`GET ${path}/rollouts`]: {
    json: {
      looks: [
        {
          metrics: [
            { metric: "errors", verdict: "open", margin: 0.01, comparison },
            { metric: "ttft", verdict: "too-few", margin: 0.69, comparison: null },
          ],
        },
      ],
    },
  },
  [`POST ${path}/rollout`]: { json: { deployment: "chat", version: "2", action: "promote" } },
};

let api: StubApi;
afterEach(async () => await api.close());

test("shows the split, its arms and the bands of the last look", async () => {
  api = await openStubApi(answers);
  const context = recordingContext({ url: api.url, project: "flights" });

  expect(await traffic(context, { name: "chat" })).toBe(0);
  expect(context.printed).toEqual([
    "VERSION  ARM        SHARE  REQUESTS  ERRORS  P50 MS  P99 MS",
    "2        candidate    5 %         -       -       -       -",
    "1        champion    90 %       760       2    7.29    82.5",
    "1        baseline     5 %         -       -       -       -",
    "",
    "canary of version 2: paused, 40 requests at 5 % decided nothing",
    "",
    "METRIC  VERDICT  DIFFERENCE     FROM       TO   MARGIN",
    "errors  open        +0.0020  -0.0100  +0.0140  +0.0100",
  ]);
});

test("while a rollout runs, tells what the last look saw", async () => {
  const running = { ...deployment, status: { ...deployment.status, rollout: { ...rollout, state: "running" } } };
  api = await openStubApi({
    ...answers,
    [`GET ${path}`]: { json: running },
    [`GET ${path}/rollouts`]: { json: { looks: [{ reason: "78 of 500 requests", metrics: [] }] } },
  });
  const context = recordingContext({ url: api.url, project: "flights" });
  await traffic(context, { name: "chat" });

  expect(context.printed).toContain("canary of version 2: running, 78 of 500 requests");
});

test("sets the split of a paused rollout", async () => {
  api = await openStubApi(answers);
  const context = recordingContext({ url: api.url, project: "flights" });

  await traffic(context, { name: "chat", split: "v2=10", reason: "the weekend" });

  expect(api.asked.at(-1)?.body).toEqual({ action: "split", version: "2", percent: 10, reason: "the weekend" });
  expect(context.printed).toEqual(["version 2 gets 10 % of the requests of chat"]);
});

test("a split that is no split is refused before anything changes", async () => {
  api = await openStubApi(answers);

  await expect(
    traffic(recordingContext({ url: api.url, project: "flights" }), { name: "chat", split: "ten" }),
  ).rejects.toMatchObject({ code: "cli.argument-invalid" });
  expect(api.asked.filter((each) => each.method === "POST")).toEqual([]);
});

test("promotes the candidate that is named", async () => {
  api = await openStubApi(answers);
  const context = recordingContext({ url: api.url, project: "flights" });

  expect(await orderRollout(context, { name: "chat", action: "promote", version: "v2", reason: "fine" })).toBe(0);
  expect(api.asked.at(-1)?.body).toEqual({ action: "promote", version: "2", reason: "fine" });
  expect(context.printed).toEqual(["version 2 becomes the champion of chat"]);
});
