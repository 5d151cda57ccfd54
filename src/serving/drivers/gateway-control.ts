import { fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statSync, truncateSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { extname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Instant, Millis } from "../../base/clock.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { FeatureRow } from "../../features/ports.ts";
import { ensureFolder, writeFileAtomically } from "../../platform/files.ts";
import type { Log } from "../../platform/ports.ts";
import type { Answer, Ask, FromHost, FromWorker, ToWorker } from "../gateway/messages.ts";
import { systemClock } from "../../platform/system.ts";
import type { DeploymentLoad } from "../gateway/load-meter.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { isRouteOf, type Route, type RoutingTable, withoutRoute, withRoute } from "../gateway/routing-table.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import type { OnlineView } from "../ports.ts";
import { FramedSocket } from "./framed-socket.ts";
import {
  type GatewaySettings,
  gatewayPaths,
  type GatewayState,
  readGatewayState,
  readLimits,
  readRoutingTable,
  socketFolder,
} from "./gateway-files.ts";

/** How long the gateway may take to use a new table. */
const applyTimeoutMs: Millis = 5_000;

/** How long the gateway may take to add a batch of rows to the online store. */
const appendTimeoutMs: Millis = 30_000;

/** How long the gateway may take to start, and a gateway that runs already to be heard of. */
const startTimeoutMs: Millis = 40_000;
const adoptTimeoutMs: Millis = 5_000;

/** How long the gateway may take to stop before it is ended. */
const stopTimeoutMs: Millis = 6_000;

/** How often the gateway is looked after, and how often a wait looks again. */
const watchMs: Millis = 500;
const lookMs: Millis = 20;

/** A log of the gateway that outgrew this is begun anew when the gateway starts. */
const logBytesMax = 64 * 1024 * 1024;

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

/** A worker that is connected. */
interface ConnectedWorker {
  readonly link: FramedSocket<FromWorker, ToWorker>;
  /** Of its table; null before it said hello. */
  revision: number | null;
  /** The replicas at which it had requests when it last told, and when that was. */
  busy: ReadonlySet<string>;
  toldAt: Instant;
  pid: number;
}

/**
 * The control plane's hand on the gateway, which is processes of its own that outlive the control plane: starts it or finds
 * it running, keeps the routing table in a file, hands every change to each worker and waits until it is used, answers
 * the workers' questions, and starts the gateway again when it is gone.
 */
export class GatewayControl {
  readonly #options: GatewayControlOptions;
  readonly #server: Server;
  readonly #workers = new Set<ConnectedWorker>();
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
  #wake: (() => void)[] = [];

  constructor(options: GatewayControlOptions) {
    this.#options = options;
    this.#table = readRoutingTable(options.settings.folder, options.log);
    this.#limits = readLimits(options.settings.folder);
    this.#server = createServer((socket) => this.#welcome(socket));
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
    const workers = [...this.#workers];
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
    await this.#listen(paths.control);
    const adopted = await this.#adopt();
    this.#port = adopted?.port ?? (await this.#startHost(settings));
    await this.#until(() => this.#isServing(), startTimeoutMs, "connect its workers to the control plane");
    this.#watch = setInterval(() => void this.#look(), watchMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    await this.#keeping;
    const state = readGatewayState(this.#options.settings.folder);
    if (state !== undefined) await endGateway(state);
    for (const { link } of this.#workers) link.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Tells the gateway which views there are. */
  setViews(views: readonly OnlineView[]): void {
    this.#views = views;
    this.#keep("views", views);
    this.#tellAll({ kind: "views", views });
  }

  /** Tells the gateway which limits there are. */
  setLimits(limits: LimitTable): void {
    this.#limits = limits;
    this.#keep("limits", limits);
    this.#tellAll({ kind: "limits", limits });
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
    await this.#until(() => this.#holder !== undefined, appendTimeoutMs, "hold the online features");
    this.#calls += 1;
    const call = this.#calls;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#appends.delete(call);
        reject(lateFault(`add ${rows.length} rows`, appendTimeoutMs));
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
      this.#tellAll({ kind: "table", table });
      await this.#until(() => this.#isApplied(table.revision), applyTimeoutMs, `use table ${table.revision}`);
    });
    this.#publishing = published.catch(() => undefined);
    return published;
  }

  #isApplied(revision: number): boolean {
    return [...this.#workers].every((worker) => worker.revision === null || worker.revision >= revision);
  }

  #isServing(): boolean {
    const known = [...this.#workers].filter((worker) => worker.revision !== null);
    return known.length >= this.#options.settings.workers && this.#holder !== undefined;
  }

  #tellAll(message: ToWorker): void {
    for (const { link } of this.#workers) link.send(message);
  }

  async #listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => resolve());
    });
  }

  #welcome(socket: Socket): void {
    const worker: ConnectedWorker = {
      revision: null,
      busy: new Set(),
      toldAt: 0,
      pid: 0,
      link: new FramedSocket<FromWorker, ToWorker>(
        socket,
        (message) =>
          void this.#hear(worker, message).catch((error: unknown) =>
            this.#options.log.error("gateway was not heard", { error: String(error) }),
          ),
        () => this.#leave(worker),
      ),
    };
    this.#workers.add(worker);
  }

  #leave(worker: ConnectedWorker): void {
    this.#workers.delete(worker);
    if (this.#holder === worker) {
      this.#holder = undefined;
      for (const [call, settle] of this.#appends) {
        this.#appends.delete(call);
        settle({ kind: "failed", message: "the worker that held the online features ended" });
      }
    }
    this.#changed();
  }

  async #hear(worker: ConnectedWorker, message: FromWorker): Promise<void> {
    switch (message.kind) {
      case "hello":
        worker.link.send({ kind: "control", url: this.#options.controlUrl() });
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
    this.#changed();
  }

  async #answer(ask: Ask): Promise<Answer> {
    try {
      return { kind: "answered", value: await this.#options.answer(ask) };
    } catch (error) {
      if (isFault(error)) return { kind: "refused", code: error.code, message: error.message };
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #changed(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const each of waiting) each();
  }

  async #until(isTrue: () => boolean, limitMs: Millis, what: string): Promise<void> {
    const endsAt = performance.now() + limitMs;
    while (!isTrue()) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw lateFault(what, limitMs);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, leftMs);
        this.#wake.push(resolve);
      });
      clearTimeout(timer);
    }
  }

  /** The gateway that runs already, when it runs as it is to and its workers are heard of; any other one is ended. */
  async #adopt(): Promise<GatewayState | undefined> {
    const { settings, log } = this.#options;
    const state = readGatewayState(settings.folder);
    if (state === undefined) return undefined;
    if (isSameGateway(state, settings)) {
      try {
        await this.#until(() => this.#isServing(), adoptTimeoutMs, "be heard of");
        log.info("the gateway that runs is kept", { pid: state.pid, port: state.port });
        return state;
      } catch (error) {
        log.warn("the gateway that runs is not heard of and is replaced", { pid: state.pid, error: String(error) });
      }
    }
    await endGateway(state);
    return undefined;
  }

  async #startHost(settings: GatewaySettings): Promise<number> {
    const paths = gatewayPaths(settings.folder);
    await writeFileAtomically(paths.settings, JSON.stringify(settings));
    const program = fileURLToPath(
      new URL(`../tasks/gateway-host-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
    );
    const log = openLog(paths.log);
    const child = fork(program, [paths.settings], {
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
      execArgv: [],
    });
    closeSync(log);
    try {
      return await new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(lateFault("start", startTimeoutMs)), startTimeoutMs);
        child.once("exit", () => clearTimeout(timer));
        child.on("message", (message: FromHost) => {
          clearTimeout(timer);
          if (message.kind === "listening") resolve(message.port);
          else reject(Object.assign(new Error(message.message), { code: message.code }));
        });
        child.once("error", reject);
        child.once("exit", (code, signal) =>
          reject(
            new Error(`the gateway ended with ${signal ?? `exit code ${code}`} before it listened; see ${paths.log}`),
          ),
        );
      });
    } finally {
      if (child.connected) child.disconnect();
      child.unref();
    }
  }

  /** Starts the gateway again when it is gone. */
  async #look(): Promise<void> {
    const { settings, log } = this.#options;
    if (this.#isStopping || readGatewayState(settings.folder) !== undefined) return;
    clearInterval(this.#watch);
    log.error("the gateway is gone and is started again", { port: this.#port });
    await this.#startHost({ ...settings, port: this.#port }).catch((error: unknown) =>
      log.error("the gateway could not be started again", { error: String(error) }),
    );
    if (!this.#isStopping) this.#watch = setInterval(() => void this.#look(), watchMs);
  }
}

function lateFault(what: string, limitMs: Millis): Fault {
  return new Fault("serving.timeout", `the gateway wants to ${what} within ${limitMs} ms and did not`);
}

/** Whether a gateway runs as it is to; one that took a free port keeps it. */
function isSameGateway(state: GatewayState, wanted: GatewaySettings): boolean {
  const isSamePort = wanted.port === 0 || wanted.port === state.port;
  return isSamePort && canonicalJson({ ...state.settings, port: 0 }) === canonicalJson({ ...wanted, port: 0 });
}

/** Ends a gateway: asks it, then kills it. */
async function endGateway(state: GatewayState): Promise<void> {
  process.kill(state.pid, "SIGTERM");
  const endsAt = performance.now() + stopTimeoutMs;
  const runs = (): boolean => readGatewayState(state.settings.folder)?.pid === state.pid;
  while (runs() && performance.now() < endsAt) await pause(lookMs);
  if (runs()) process.kill(state.pid, "SIGKILL");
}

/** Opens the gateway's log to append to. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) truncateSync(path);
  return openSync(path, "a", 0o600);
}
