import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Fault, isFault } from "../../base/fault.ts";
import { jsonLog, type LogLevel } from "../../platform/log.ts";
import type { Log } from "../../platform/ports.ts";
import { idsFrom, systemClock } from "../../platform/system.ts";
import { FastAbort } from "../gateway/fast-abort.ts";
import type { Admission, Answer, Ask, FromGateway, OutcomesTaken, ToGateway } from "../gateway/messages.ts";
import type { RoutingTable } from "../gateway/routing-table.ts";
import type { OnlineFeaturesModule, OnlineView, OpenOnlineFeatures } from "../ports.ts";
import { ejectionKey } from "./gateway-infer.ts";
import { GatewayServer } from "./gateway-server.ts";
import { KeyVerdicts } from "./key-verdicts.ts";
import { ReplicaClient } from "./replica-client.ts";
import { TrafficRecorder } from "./traffic-recorder.ts";

/*
 * The gateway's own thread of the server: it serves by the last routing table, and asks the control plane only about keys it
 * does not know and to hand over what was served.
 */

/** What the thread is started with. */
export interface GatewayThreadOptions {
  readonly host: string;
  readonly port: number;
  readonly table: RoutingTable;
  /** Address of a module that is an `OnlineFeaturesModule`. */
  readonly onlineModule: string;
  readonly onlineFolder: string;
  readonly views: readonly OnlineView[];
  readonly logLevel: LogLevel;
}

/** How long the control plane may take to answer. */
const askTimeoutMs = 10_000;

/** How long requests under way may take once the gateway stops. */
const drainMs = 3_000;

class ControlPlane {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  ask(ask: Ask): Promise<unknown> {
    this.#calls += 1;
    const call = this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.settle(call, { kind: "failed", message: `no answer in ${askTimeoutMs} ms` }),
        askTimeoutMs,
      );
      this.#waiting.set(call, (answer) => {
        clearTimeout(timer);
        if (answer.kind === "answered") resolve(answer.value);
        else if (answer.kind === "refused") reject(new Fault(answer.code, answer.message));
        else reject(new Error(answer.message));
      });
      this.#port.postMessage({ kind: "ask", call, ask } satisfies FromGateway);
    });
  }

  settle(call: number, answer: Answer): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    waiting?.(answer);
  }
}

async function run(port: MessagePort, options: GatewayThreadOptions): Promise<void> {
  const log: Log = jsonLog((line) => process.stderr.write(line), options.logLevel).with({ part: "gateway" });
  const control = new ControlPlane(port);
  const newId = idsFrom(systemClock);
  const online = (await import(options.onlineModule)) as OnlineFeaturesModule;
  const features = online.openLmdbOnlineStore(options.onlineFolder, options.views);
  const replicas = new ReplicaClient();
  const fastAbort = new FastAbort();
  const recorder = new TrafficRecorder(
    newId(),
    async (batch) => void (await control.ask({ method: "record", batch })),
    log,
  );
  let table = options.table;
  const server = new GatewayServer({
    clock: systemClock,
    newId,
    log,
    features,
    replicas,
    recorder,
    fastAbort,
    table: () => table,
    verdicts: new KeyVerdicts(
      async (token, action, project) =>
        (await control.ask({ method: "authorise", token, action, project })) as Admission,
      systemClock,
    ),
    takeOutcomes: async (project, deployment, outcomes) =>
      (await control.ask({ method: "outcomes", project, deployment, outcomes })) as OutcomesTaken,
  });
  const onBug = (error: unknown): void =>
    log.error("gateway met a bug", { error: error instanceof Error ? error.stack : String(error) });
  const setTable = (next: RoutingTable): void => {
    table = next;
    replicas.retain(next);
    fastAbort.reset(
      new Set(
        next.routes.flatMap((route) =>
          route.versions.map((version: { readonly versionId: string }) => ejectionKey(route, version)),
        ),
      ),
    );
    port.postMessage({ kind: "applied", revision: next.revision } satisfies FromGateway);
  };
  port.on("message", (message: ToGateway) => {
    if (message.kind === "answer") control.settle(message.call, message.answer);
    else if (message.kind === "table") setTable(message.table);
    else if (message.kind === "views") features.setViews(message.views);
    else if (message.kind === "append") append(port, features, message).catch(onBug);
    else stop(port, server, recorder, replicas, features).catch(onBug);
  });
  const listening = await server.listen(options.port, options.host);
  recorder.start();
  port.postMessage({ kind: "listening", port: listening } satisfies FromGateway);
}

async function append(
  port: MessagePort,
  features: OpenOnlineFeatures,
  message: Extract<ToGateway, { kind: "append" }>,
): Promise<void> {
  const answer: Answer = await features.append(message.project, message.view, message.rows).then(
    () => ({ kind: "answered", value: null }),
    (error: unknown) =>
      isFault(error)
        ? { kind: "refused", code: error.code, message: error.message }
        : { kind: "failed", message: error instanceof Error ? error.message : String(error) },
  );
  port.postMessage({ kind: "appended", call: message.call, answer } satisfies FromGateway);
}

async function stop(
  port: MessagePort,
  server: GatewayServer,
  recorder: TrafficRecorder,
  replicas: ReplicaClient,
  features: OpenOnlineFeatures,
): Promise<void> {
  await server.stop(drainMs);
  await recorder.stop();
  await replicas.stop();
  await features.close();
  port.postMessage({ kind: "stopped" } satisfies FromGateway);
  port.close();
}

if (parentPort !== null) {
  const port = parentPort;
  run(port, workerData as GatewayThreadOptions).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : null;
    port.postMessage({
      kind: "failed",
      code,
      message: error instanceof Error ? error.message : String(error),
    } satisfies FromGateway);
    port.close();
  });
}
