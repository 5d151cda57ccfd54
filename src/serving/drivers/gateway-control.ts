import { mkdirSync } from "node:fs";
import type { Instant, Millis } from "../../base/clock.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { FeatureRow } from "../../features/ports.ts";
import { ensureFolder, writeFileAtomically } from "../../platform/files.ts";
import type { Log } from "../../platform/ports.ts";
import type { Answer, Ask, FromWorker } from "../gateway/messages.ts";
import { systemClock } from "../../platform/system.ts";
import type { DeploymentLoad } from "../gateway/load-meter.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { isRouteOf, type Route, type RoutingTable, withoutRoute, withRoute } from "../gateway/routing-table.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import type { OnlineView } from "../ports.ts";
import { endGateway } from "./end-gateway.ts";
import {
  type GatewaySettings,
  gatewayPaths,
  type GatewayState,
  readGatewayState,
  readLimits,
  readRoutingTable,
  socketFolder,
} from "./gateway-files.ts";
import { lateGateway } from "./late-gateway.ts";
import { launchGateway, startTimeoutMs } from "./launch-gateway.ts";
import { type ConnectedWorker, WorkerLinks } from "./worker-links.ts";

/** How long the gateway may take to use a new table. */
const applyTimeoutMs: Millis = 5_000;

/** How long the gateway may take to add a batch of rows to the online store. */
const appendTimeoutMs: Millis = 30_000;

/** How long a gateway that runs already may take to be heard of. */
const adoptTimeoutMs: Millis = 5_000;

/** How often the gateway is looked after. */
const watchMs: Millis = 500;

/** What the control side of the gateway is made of. */
export interface GatewayControlOptions {
  readonly settings: GatewaySettings;
  readonly log: Log;
  /** Answers what the gateway asks. */
  readonly answer: (ask: Ask) => Promise<unknown>;
  /** Where the control plane's HTTP API listens. */
  readonly controlUrl: () => string;
  /** Hears what a worker carries, about every second; `pid` names the worker. */
  readonly onLoad: (loads: readonly DeploymentLoad[], replicas: readonly ReplicaLoad[], pid: number) => void;
}

/**
 * The control plane's hand on the gateway, which is processes of its own that outlive the control plane: starts it or finds
 * it running, keeps the routing table in a file, hands every change to each worker and waits until it is used, answers
 * the workers' questions, and starts the gateway again when it is gone.
 */
export class GatewayControl {
  readonly #options: GatewayControlOptions;
  readonly #workers: WorkerLinks;
  readonly #appends = new Map<number, (answer: Answer) => void>();
  #holder: ConnectedWorker | undefined;
  #table: RoutingTable;
  #views: readonly OnlineView[] = [];
  #limits: LimitTable;
  #port = 0;
  #isStopping = false;
  #calls = 0;
  #watch: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: GatewayControlOptions) {
    this.#options = options;
    this.#table = readRoutingTable(options.settings.folder, options.log);
    this.#limits = readLimits(options.settings.folder);
    this.#workers = new WorkerLinks(
      { hear: (worker, message) => this.#hear(worker, message), leave: (worker) => this.#leave(worker) },
      options.log,
    );
  }

  get port(): number {
    return this.#port;
  }

  /** The route of a deployment in the last table. */
  routeOf(project: string, deployment: string): Route | undefined {
    return this.#table.routes.find((route) => isRouteOf(route, project, deployment));
  }

  /** Whether every worker has told, after the moment, that it has no request at the replica. */
  isIdle(replica: string, since: Instant): boolean {
    const workers = this.#workers.all;
    return workers.length > 0 && workers.every((worker) => worker.toldAt > since && !worker.busy.has(replica));
  }

  /** Finds the gateway that runs, or starts one; resolves once its workers serve. */
  async start(views: readonly OnlineView[]): Promise<void> {
    const { settings } = this.#options;
    const paths = gatewayPaths(settings.folder);
    await ensureFolder(settings.folder);
    mkdirSync(socketFolder(settings.folder), { recursive: true, mode: 0o700 });
    this.#views = views;
    await writeFileAtomically(paths.views, JSON.stringify(views));
    await this.#workers.listen(paths.control);
    const adopted = await this.#adopt();
    this.#port = adopted?.port ?? (await launchGateway(settings));
    await this.#workers.until(() => this.#isServing(), startTimeoutMs, "connect its workers to the control plane");
    this.#watch = setInterval(() => void this.#look(), watchMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    await this.#keeping;
    const state = readGatewayState(this.#options.settings.folder);
    if (state !== undefined) await endGateway(state);
    await this.#workers.close();
  }

  /** Tells the gateway which views there are. */
  setViews(views: readonly OnlineView[]): void {
    this.#views = views;
    this.#keep("views", views);
    this.#workers.tellAll({ kind: "views", views });
  }

  /** Tells the gateway which limits there are. */
  setLimits(limits: LimitTable): void {
    this.#limits = limits;
    this.#keep("limits", limits);
    this.#workers.tellAll({ kind: "limits", limits });
  }

  /** Keeps what workers need when they start without the control plane. */
  #keep(what: "views" | "limits", value: unknown): void {
    const path = gatewayPaths(this.#options.settings.folder)[what];
    this.#keeping = this.#keeping
      .then(async () => await writeFileAtomically(path, JSON.stringify(value)))
      .catch((error: unknown) =>
        this.#options.log.warn("a file of the gateway was not kept", { path, error: String(error) }),
      );
  }

  /**
   * Puts a route in force; resolves once every worker routes by it.
   *
   * @throws {Fault} `serving.timeout` when a worker does not confirm it; the file holds it all the same.
   */
  publish(route: Route): Promise<void> {
    return this.#change(() => withRoute(this.#table, route));
  }

  /** Takes a deployment's route away. */
  withdraw(project: string, deployment: string): Promise<void> {
    return this.#change(() => withoutRoute(this.#table, project, deployment));
  }

  /**
   * Adds rows to the online store, which a worker holds. Durable when it resolves.
   *
   * @throws {Fault} as the store says; `serving.timeout` when the gateway does not answer.
   */
  async append(project: string, view: string, rows: readonly FeatureRow[]): Promise<void> {
    await this.#workers.until(() => this.#holder !== undefined, appendTimeoutMs, "hold the online features");
    this.#calls += 1;
    const call = this.#calls;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#appends.delete(call);
        reject(lateGateway(`add ${rows.length} rows`, appendTimeoutMs));
      }, appendTimeoutMs);
      this.#appends.set(call, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#holder?.link.send({ kind: "append", call, project, view, rows });
    });
    if (answer.kind === "refused") throw new Fault(answer.code, answer.message);
    if (answer.kind === "failed") throw new Error(answer.message);
  }

  #change(next: () => RoutingTable): Promise<void> {
    const published = this.#publishing.then(async () => {
      const table = next();
      await writeFileAtomically(gatewayPaths(this.#options.settings.folder).table, JSON.stringify(table));
      this.#table = table;
      this.#workers.tellAll({ kind: "table", table });
      await this.#workers.until(() => this.#isApplied(table.revision), applyTimeoutMs, `use table ${table.revision}`);
    });
    this.#publishing = published.catch(() => undefined);
    return published;
  }

  #isApplied(revision: number): boolean {
    return this.#workers.all.every((worker) => worker.revision === null || worker.revision >= revision);
  }

  #isServing(): boolean {
    const known = this.#workers.all.filter((worker) => worker.revision !== null);
    return known.length >= this.#options.settings.workers && this.#holder !== undefined;
  }

  #leave(worker: ConnectedWorker): void {
    if (this.#holder !== worker) return;
    this.#holder = undefined;
    for (const [call, settle] of this.#appends) {
      this.#appends.delete(call);
      settle({ kind: "failed", message: "the worker that held the online features ended" });
    }
  }

  async #hear(worker: ConnectedWorker, message: FromWorker): Promise<void> {
    switch (message.kind) {
      case "hello":
        worker.link.send({
          kind: "control",
          url: this.#options.controlUrl(),
          platformPorts: this.#options.settings.upstreams.platformPorts,
        });
        worker.pid = message.pid;
        worker.link.send({ kind: "views", views: this.#views });
        worker.link.send({ kind: "limits", limits: this.#limits });
        worker.link.send({ kind: "table", table: this.#table });
        break;
      case "applied":
        worker.revision = message.revision;
        break;
      case "holding":
        this.#holder = worker;
        break;
      case "load":
        this.#options.onLoad(message.loads, message.replicas, worker.pid);
        break;
      case "busy":
        worker.busy = new Set(message.replicas);
        worker.toldAt = systemClock.now();
        break;
      case "appended":
        this.#appends.get(message.call)?.(message.answer);
        this.#appends.delete(message.call);
        break;
      case "ask":
        worker.link.send({ kind: "answer", call: message.call, answer: await this.#answer(message.ask) });
    }
  }

  async #answer(ask: Ask): Promise<Answer> {
    try {
      return { kind: "answered", value: await this.#options.answer(ask) };
    } catch (error) {
      if (isFault(error)) return { kind: "refused", code: error.code, message: error.message };
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The gateway that runs already, when it runs as it is to and its workers are heard of; any other one is ended. */
  async #adopt(): Promise<GatewayState | undefined> {
    const { settings, log } = this.#options;
    const state = readGatewayState(settings.folder);
    if (state === undefined) return undefined;
    if (isSameGateway(state, settings)) {
      try {
        await this.#workers.until(() => this.#isServing(), adoptTimeoutMs, "be heard of");
        log.info("the gateway that runs is kept", { pid: state.pid, port: state.port });
        return state;
      } catch (error) {
        log.warn("the gateway that runs is not heard of and is replaced", { pid: state.pid, error: String(error) });
      }
    }
    await endGateway(state);
    return undefined;
  }

  /** Starts the gateway again when it is gone. */
  async #look(): Promise<void> {
    const { settings, log } = this.#options;
    if (this.#isStopping || readGatewayState(settings.folder) !== undefined) return;
    clearInterval(this.#watch);
    log.error("the gateway is gone and is started again", { port: this.#port });
    await launchGateway({ ...settings, port: this.#port }).catch((error: unknown) =>
      log.error("the gateway could not be started again", { error: String(error) }),
    );
    if (!this.#isStopping) this.#watch = setInterval(() => void this.#look(), watchMs);
  }
}

/** Whether a gateway runs as it is to; one that took a free port keeps it, and the platform's ports are told to its workers. */
function isSameGateway(state: GatewayState, wanted: GatewaySettings): boolean {
  const isSamePort = wanted.port === 0 || wanted.port === state.port;
  return isSamePort && canonicalJson(withoutPorts(state.settings)) === canonicalJson(withoutPorts(wanted));
}

function withoutPorts(settings: GatewaySettings): GatewaySettings {
  return { ...settings, port: 0, upstreams: { ...settings.upstreams, platformPorts: [] } };
}
