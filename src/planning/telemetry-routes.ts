import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { poolKind } from "../compute/model.ts";
import type { Workloads } from "../compute/ports.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { readPower } from "./calibration/read-power.ts";
import type { PowerStore } from "./power-store.ts";

/** The most of one push that is read. */
const bytesMax = 4_000_000;

export interface TelemetryRoutesNeeds {
  readonly power: PowerStore;
  readonly workloads: Workloads;
  readonly resources: ResourceStore;
  readonly clock: Clock;
}

/** The door for watts, which the platform does not measure itself. */
export function telemetryRoutes({ power, workloads, resources, clock }: TelemetryRoutesNeeds): readonly Route[] {
  const push = defineRoute({
    method: "POST",
    path: "/api/v1/planning/telemetry",
    summary:
      "Takes the watts of nodes as an exporter tells them (Prometheus text: node_power_watts, ipmi_dcmi_power_consumption_watts, DCGM_FI_DEV_POWER_USAGE).",
    permission: { scope: "platform", action: "administer" },
    query: z.object({ node: z.string().min(1).max(200).optional().describe("Names the node where no label does.") }),
    body: "stream",
    reply: z.object({ taken: z.int(), unknown: z.array(z.string()) }),
    handler: async ({ query, stream }) => {
      const told = readPower(await readText(stream), clock.now(), query.node);
      const shares = await heldShares(workloads, resources);
      const known = told.filter(({ node }) => shares.has(node));
      await power.add(known.map((each) => ({ ...each, heldShare: shares.get(each.node) ?? 0 })));
      const unknown = [...new Set(told.map(({ node }) => node))].filter((node) => !shares.has(node));
      return { taken: known.length, unknown };
    },
  });
  return [push];
}

async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += chunk instanceof Uint8Array ? decoder.decode(chunk, { stream: true }) : String(chunk);
    if (text.length > bytesMax) {
      throw new Fault("planning.request-invalid", `more than ${bytesMax} bytes; push one node at a time`);
    }
  }
  return text;
}

/** Which share of each node's GPUs is held now. */
async function heldShares(workloads: Workloads, resources: ResourceStore): Promise<ReadonlyMap<string, number>> {
  const pools = await resources.list(poolKind);
  const gpus = new Map(
    pools.flatMap(({ status }) => status.nodes.map((node) => [node.name, node.gpus.length] as const)),
  );
  const held = new Map<string, number>();
  for (const { places } of await workloads.list({ active: true })) {
    for (const place of places) {
      const millis = place.gpus.reduce((sum, gpu) => sum + gpu.millis, 0);
      held.set(place.node, (held.get(place.node) ?? 0) + millis / 1000);
    }
  }
  return new Map(
    [...gpus].map(([node, count]) => [node, count === 0 ? 0 : Math.min(1, (held.get(node) ?? 0) / count)]),
  );
}
