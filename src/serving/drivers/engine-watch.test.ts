import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../platform/system.ts";
import { seededRandom } from "../../base/random.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { AdmissionQueue } from "../gateway/admission/admission-queue.ts";
import { DeploymentDesk } from "../gateway/deployment-desk.ts";
import { defaultGatewayLimits } from "../gateway/gateway-limits.ts";
import { createBalancer } from "../gateway/routing/create-balancer.ts";
import { EngineWatch } from "./engine-watch.ts";
import { UpstreamGuard } from "./upstream-guard.ts";
import { UpstreamPools } from "./upstream-pools.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A stand-in for an engine's metrics page. */
async function engine(page: string, status = 200): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(page));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const page = (running: number, waiting: number) =>
  `vllm:num_requests_running ${running}\nvllm:num_requests_waiting ${waiting}\nvllm:kv_cache_usage_perc 0.5\n`;

test.each(["champion", "baseline"] as const)(
  "a replica of the %s whose engine says that others keep it busy is picked less, and a silent one changes nothing",
  async (arm) => {
    const urls = [await engine(page(60, 30)), await engine(page(0, 0)), await engine("gone", 500)];
    const replicas = urls.map((url, index) => ({
      id: `r${index}`,
      address: { kind: "http" as const, url },
      engine: "vllm" as const,
    }));
    const now = systemClock.now();
    const parts = {
      balancer: () => createBalancer("least-load", { tokensPerBlock: 64, indexEntriesMax: 1_024 }, seededRandom(1)),
      queue: () => new AdmissionQueue(10, now),
    };
    const route = modelRoute("chat", replicas);
    const [served] = route.versions;
    if (served === undefined) throw new Error("the route has no version");
    const others = { ...served, percent: 50, replicas: [] };
    const versions = arm === "champion" ? [served] : [others, { ...served, percent: 50, arm }];
    const desk = new DeploymentDesk({ ...route, versions }, parts, now);
    const watched = arm === "champion" ? desk.champion : desk.versions.get("chat-1/baseline");
    const pools = new UpstreamPools(
      defaultGatewayLimits,
      new UpstreamGuard({ allow: [], deny: [], allowsLoopback: true }, () => []),
    );
    cleanups.push(() => pools.stop());
    await new EngineWatch({ clock: systemClock, pools, desks: () => [desk], admit: () => undefined }).look();
    const ask = { tokensIn: 10, tokensOut: 10, blocks: null, session: null, adapter: null };
    const picks = Array.from({ length: 12 }, () => watched?.pick(ask, new Set(), now)?.replica.id);

    expect(picks.filter((id) => id === "r0")).toEqual([]);
    expect(new Set(picks)).toEqual(new Set(["r1", "r2"]));
  },
);
