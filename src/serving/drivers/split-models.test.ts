import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import {
  completes,
  fails,
  neverAnswers,
  type StandInUpstream,
  startStandInUpstream,
  streams,
} from "../fixtures/stand-in-upstream.ts";
import { startTestGateway } from "../fixtures/test-gateway.ts";
import type { ModelRoute } from "../gateway/routing-table.ts";

let first: StandInUpstream;
let second: StandInUpstream;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;

beforeEach(async () => {
  first = await startStandInUpstream();
  second = await startStandInUpstream();
  gateway = await startTestGateway();
});

afterEach(async () => {
  await gateway.stop();
  await Promise.all([first.stop(), second.stop()]);
});

/** Deployment `chat` with the champion 1 on `first` and the candidate 2 on `second`. */
function route(percent: number, change: Partial<ModelRoute> = {}): ModelRoute {
  const [champion] = modelRoute("chat", [{ address: { kind: "http", url: first.url } }]).versions;
  if (champion === undefined) throw new Error("the route has no version");
  const replicas = champion.replicas.map((each) => ({
    ...each,
    id: "second",
    address: { kind: "http" as const, url: second.url },
  }));
  const candidate = { ...champion, versionId: "chat-2", version: "2", percent, replicas, arm: "candidate" as const };
  return modelRoute("chat", [], { versions: [candidate, { ...champion, percent: 100 - percent }], ...change });
}

async function ask(headers: Readonly<Record<string, string>> = {}, body: object = {}): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer good", "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "chat", messages: [{ role: "user", content: "hi" }], ...body }),
  });
  await response.clone().text();
  return response;
}

async function versionOf(headers: Readonly<Record<string, string>>): Promise<string | null> {
  return (await ask(headers)).headers.get("x-millwright-version");
}

async function handedOver() {
  await gateway.recorder.flush();
  return {
    windows: gateway.batches.flatMap((batch) => batch.windows),
    shadows: gateway.batches.flatMap((batch) => batch.shadows),
  };
}

test("each version's requests are counted by arm, with its times to the first byte and per token and its misses of the SLO", async () => {
  const [candidate, champion] = route(50).versions;
  if (candidate === undefined || champion === undefined) throw new Error("two versions were wanted");
  const baseline = { ...champion, percent: 25, arm: "baseline" as const };
  gateway.setRoute(
    route(50, {
      slo: { ttftMs: 60_000, tpotMs: 60_000 },
      versions: [candidate, { ...champion, percent: 25 }, baseline],
    }),
  );
  first.behave(streams("a", "b", "c"));
  second.behave(fails(500));
  for (let count = 0; count < 40; count += 1) await ask({ "x-request-id": `r${count}` }, { stream: true });

  const { windows } = await handedOver();
  const sum = (
    isIt: (arm: { versionId: string; isBaseline: boolean }) => boolean,
    field: keyof (typeof windows)[number],
  ) => windows.filter(isIt).reduce((total, window) => total + Number(window[field]), 0);
  const isCandidate = (window: { versionId: string }): boolean => window.versionId === "chat-2";
  const isBaseline = (window: { isBaseline: boolean }): boolean => window.isBaseline;
  const isAny = (): boolean => true;
  expect(sum(isCandidate, "requests")).toBeGreaterThan(4);
  expect(sum(isCandidate, "errors")).toBe(sum(isCandidate, "requests"));
  expect(sum(isCandidate, "missed")).toBe(sum(isCandidate, "requests"));
  expect(sum(isBaseline, "requests")).toBeGreaterThan(2);
  expect(sum(isBaseline, "ttftCount")).toBe(sum(isBaseline, "requests"));
  expect(sum(isBaseline, "tpotCount")).toBe(sum(isBaseline, "requests"));
  expect(sum(isBaseline, "missed")).toBe(0);
  // The champion answered what the candidate failed, and that is no draw of the split.
  expect(sum(isAny, "callers")).toBe(40);
});

test.each([
  ["a header", { by: "header", header: "x-user" } as const, (caller: string) => ({ "x-user": caller })],
  ["a key's owner", { by: "identity" } as const, () => ({})],
])("callers told apart by %s stay with their version while the candidate's share grows", async (_, sticky, headers) => {
  const callers = Array.from({ length: 12 }, (__, index) => `caller-${index}`);
  const seen = new Map<string, string>();
  for (const percent of [20, 50, 80]) {
    gateway.setRoute({ ...route(percent, { sticky }), revision: percent });
    for (const caller of callers) {
      const versions = new Set([await versionOf(headers(caller)), await versionOf(headers(caller))]);
      expect(versions.size).toBe(1);
      const [version] = versions;
      if (seen.get(caller) === "2") expect(version).toBe("2");
      seen.set(caller, version ?? "");
    }
  }
  // Headers tell twelve callers apart, of whom a few of the last fifth are left; a key's owner is one.
  expect(new Set(seen.values()).size).toBe(sticky.by === "header" ? 2 : 1);
});

test("a version without a share answers only those who name it, and nobody answers in its place", async () => {
  gateway.setRoute(route(0));
  second.behave(completes("from the second"), fails(500));

  expect(await versionOf({})).toBe("1");
  const pinned = await ask({}, { model: "chat@2" });
  expect(pinned.headers.get("x-millwright-version")).toBe("2");
  expect(JSON.stringify(await pinned.json())).toContain("from the second");
  const seenByFirst = first.seen.length;
  expect((await ask({}, { model: "chat@2" })).status).toBe(500);
  expect(first.seen.length).toBe(seenByFirst);
});

const shadow = { versionId: "chat-2", percent: 100, maxConcurrent: 2, maxQueued: 1 };

test("a shadow gets copies whose answers are compared, and its failures are its own", async () => {
  gateway.setRoute(route(0, { shadow }));
  second.behave(completes("hello"), completes("hello, world"), fails(500), completes("hello"));
  for (let count = 0; count < 4; count += 1) {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-millwright-version")).toBe("1");
    await second.request(count);
  }

  const sums = await until("four copies were compared", async () => {
    const { shadows } = await handedOver();
    return shadows.reduce((sum, each) => sum + each.compared + each.failed, 0) === 4 && shadows;
  });
  const total = (field: "compared" | "failed" | "exact" | "sameFinish"): number =>
    sums.reduce((sum, each) => sum + each[field], 0);
  expect([total("compared"), total("failed"), total("exact"), total("sameFinish")]).toEqual([3, 1, 2, 3]);
  const { windows } = await handedOver();
  expect(new Set(windows.map((window) => window.versionId))).toEqual(new Set(["chat-1"]));
});

test("a shadow that hangs keeps no caller waiting; copies beyond its room are dropped and counted", async () => {
  gateway.setRoute(route(0, { shadow }));
  second.behave(neverAnswers);
  for (let count = 0; count < 8; count += 1) expect((await ask()).status).toBe(200);

  const { shadows } = await handedOver();
  expect(shadows.reduce((sum, each) => sum + each.dropped, 0)).toBe(5);
  expect(second.seen.length).toBe(2);
});
