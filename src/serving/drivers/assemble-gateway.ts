import type { Log } from "../../platform/ports.ts";
import { idsFrom, systemClock } from "../../platform/system.ts";
import { FastAbort } from "../gateway/fast-abort.ts";
import type { Admission, Ask, OutcomesTaken } from "../gateway/messages.ts";
import type { RoutingTable } from "../gateway/routing-table.ts";
import type { OnlineFeatures } from "../../features/ports.ts";
import { ejectionKey } from "./gateway-infer.ts";
import { GatewayServer } from "./gateway-server.ts";
import { KeyVerdicts } from "./key-verdicts.ts";
import { ReplicaClient } from "./replica-client.ts";
import { TrafficRecorder } from "./traffic-recorder.ts";

/** What one worker's gateway is made of. */
export interface GatewayParts {
  readonly log: Log;
  readonly table: RoutingTable;
  readonly features: OnlineFeatures;
  /** Asks the control plane. */
  readonly ask: (ask: Ask) => Promise<unknown>;
  /** The socket of the worker that holds the online features; null when it is this one. */
  readonly featuresElsewhere: () => Promise<string | null>;
}

/** One worker's gateway, put together. */
export interface AssembledGateway {
  readonly server: GatewayServer;
  readonly recorder: TrafficRecorder;
  /** The revision of the table in force. */
  revision(): number;
  setTable(table: RoutingTable): void;
  /** Lets requests under way end, at most `graceMs`, and hands over what is left to record. */
  stop(graceMs: number): Promise<void>;
}

/** Puts the parts of one worker's gateway together. */
export function assembleGateway(parts: GatewayParts): AssembledGateway {
  const { log, features, ask } = parts;
  const newId = idsFrom(systemClock);
  const replicas = new ReplicaClient();
  const fastAbort = new FastAbort();
  const recorder = new TrafficRecorder(newId(), async (batch) => void (await ask({ method: "record", batch })), log);
  let table = parts.table;
  const server = new GatewayServer({
    clock: systemClock,
    newId,
    log,
    features,
    featuresElsewhere: parts.featuresElsewhere,
    replicas,
    recorder,
    fastAbort,
    table: () => table,
    verdicts: new KeyVerdicts(
      async (token, action, project) => (await ask({ method: "authorise", token, action, project })) as Admission,
      systemClock,
    ),
    takeOutcomes: async (project, deployment, outcomes) =>
      (await ask({ method: "outcomes", project, deployment, outcomes })) as OutcomesTaken,
  });
  return {
    server,
    recorder,
    revision: () => table.revision,
    setTable(next) {
      table = next;
      replicas.retain(next);
      fastAbort.reset(
        new Set(
          next.routes.flatMap((route) =>
            route.versions.map((version: { readonly versionId: string }) => ejectionKey(route, version)),
          ),
        ),
      );
    },
    async stop(graceMs) {
      await server.stop(graceMs);
      await recorder.stop();
      await replicas.stop();
    },
  };
}
