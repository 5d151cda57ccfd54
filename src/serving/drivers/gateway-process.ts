import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Millis } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { FeatureRow } from "../../features/ports.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import type { Log } from "../../platform/ports.ts";
import type { Answer, Ask, FromGateway, ToGateway } from "../gateway/messages.ts";
import {
  emptyRoutingTable,
  isRouteOf,
  type Route,
  type RoutingTable,
  routingTableSchema,
  withoutRoute,
  withRoute,
} from "../gateway/routing-table.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import type { OnlineView } from "../ports.ts";
import type { GatewayThreadOptions } from "./gateway-thread.ts";

/** How long the gateway may take to use a new table. */
const applyTimeoutMs: Millis = 5_000;

/** How long the gateway may take to add a batch of rows to the online store. */
const appendTimeoutMs: Millis = 30_000;

/** How long the gateway may take to stop before its thread is ended. */
const stopTimeoutMs: Millis = 4_500;

/** How long until a gateway that broke down is started again. */
const restartMs: Millis = 500;

/** What the control side of the gateway is made of. */
export interface GatewayProcessOptions extends Omit<GatewayThreadOptions, "table" | "views" | "limits"> {
  /** The file that keeps the last routing table. */
  readonly tablePath: string;
  readonly log: Log;
  /** Answers what the gateway asks. */
  readonly answer: (ask: Ask) => Promise<unknown>;
}

/**
 * The control plane's hand on the gateway: keeps the routing table in a file, hands every change over and waits until it is
 * used, answers the gateway's questions, and starts it again when it breaks down.
 */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  #table: RoutingTable;
  #views: readonly OnlineView[] = [];
  #limits: LimitTable = { rules: [], teams: {} };
  #worker: Worker | undefined;
  #port = 0;
  #isStopping = false;
  #appliedRevision = -1;
  #calls = 0;
  readonly #appends = new Map<number, (answer: Answer) => void>();
  readonly #applied = new Map<number, (() => void)[]>();
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    this.#table = readTable(options.tablePath, options.log);
  }

  get port(): number {
    return this.#port;
  }

  /** The route of a deployment in the last table. */
  routeOf(project: string, deployment: string): Route | undefined {
    return this.#table.routes.find((route) => isRouteOf(route, project, deployment));
  }

  /** Starts the gateway; resolves once it listens. */
  async start(views: readonly OnlineView[]): Promise<void> {
    this.#views = views;
    this.#port = await this.#startThread(this.#options.port);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const timer = setTimeout(() => void worker.terminate(), stopTimeoutMs);
    this.#send({ kind: "stop" });
    await ended;
    clearTimeout(timer);
  }

  /** Tells the gateway which views there are. */
  setViews(views: readonly OnlineView[]): void {
    this.#views = views;
    this.#send({ kind: "views", views });
  }

  /** Tells the gateway which limits there are. */
  setLimits(limits: LimitTable): void {
    this.#limits = limits;
    this.#send({ kind: "limits", limits });
  }

  /**
   * Puts a route in force; resolves once the gateway routes by it.
   *
   * @throws {Fault} `serving.timeout` when the gateway does not confirm it; the file holds it all the same.
   */
  publish(route: Route): Promise<void> {
    return this.#change(() => withRoute(this.#table, route));
  }

  /** Takes a deployment's route away. */
  withdraw(project: string, deployment: string): Promise<void> {
    return this.#change(() => withoutRoute(this.#table, project, deployment));
  }

  /**
   * Adds rows to the online store, which the gateway holds. Durable when it resolves.
   *
   * @throws {Fault} as the store says; `serving.timeout` when the gateway does not answer.
   */
  append(project: string, view: string, rows: readonly FeatureRow[]): Promise<void> {
    this.#calls += 1;
    const call = this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#appends.delete(call);
        reject(
          new Fault(
            "serving.timeout",
            `the gateway wants to add ${rows.length} rows within ${appendTimeoutMs} ms and did not`,
          ),
        );
      }, appendTimeoutMs);
      this.#appends.set(call, (answer) => {
        clearTimeout(timer);
        if (answer.kind === "answered") resolve();
        else if (answer.kind === "refused") reject(new Fault(answer.code, answer.message));
        else reject(new Error(answer.message));
      });
      this.#send({ kind: "append", call, project, view, rows });
    });
  }

  #change(next: () => RoutingTable): Promise<void> {
    const published = this.#publishing.then(async () => {
      const table = next();
      await writeFileAtomically(this.#options.tablePath, JSON.stringify(table));
      this.#table = table;
      this.#send({ kind: "table", table });
      await this.#untilApplied(table.revision);
    });
    this.#publishing = published.catch(() => undefined);
    return published;
  }

  #untilApplied(revision: number): Promise<void> {
    if (this.#worker === undefined || this.#appliedRevision >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Fault(
              "serving.timeout",
              `the gateway wants to use table ${revision} within ${applyTimeoutMs} ms and did not`,
            ),
          ),
        applyTimeoutMs,
      );
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#applied.set(revision, [...(this.#applied.get(revision) ?? []), done]);
    });
  }

  #send(message: ToGateway): void {
    this.#worker?.postMessage(message);
  }

  #startThread(port: number): Promise<number> {
    const { host, onlineModule, onlineFolder, logLevel, upstreamKeyFolder, upstreamKeys, telemetry } = this.#options;
    const program = new URL(`./gateway-thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    const options: GatewayThreadOptions = {
      host,
      port,
      onlineModule,
      onlineFolder,
      logLevel,
      upstreamKeyFolder,
      upstreamKeys,
      telemetry,
      table: this.#table,
      views: this.#views,
      limits: this.#limits,
    };
    const worker = new Worker(program, { workerData: options, name: "gateway" });
    this.#worker = worker;
    this.#appliedRevision = this.#table.revision;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromGateway) => {
        if (message.kind === "listening") resolve(message.port);
        else if (message.kind === "failed") reject(Object.assign(new Error(message.message), { code: message.code }));
        else
          this.#hear(message).catch((error: unknown) =>
            this.#options.log.error("gateway was not heard", { error: String(error) }),
          );
      });
      worker.on("error", (error: unknown) => {
        this.#options.log.error("gateway broke down", { error: error instanceof Error ? error.stack : String(error) });
        reject(error);
      });
      worker.once("exit", () => this.#onExit(worker));
    });
  }

  #onExit(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    if (this.#isStopping || this.#port === 0) return;
    this.#options.log.error("gateway ended and is started again", { port: this.#port });
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#startThread(this.#port).catch((error: unknown) =>
        this.#options.log.error("gateway could not be started again", { error: String(error) }),
      );
    }, restartMs);
  }

  async #hear(message: FromGateway): Promise<void> {
    if (message.kind === "applied") this.#confirm(message.revision);
    if (message.kind === "appended") {
      this.#appends.get(message.call)?.(message.answer);
      this.#appends.delete(message.call);
    }
    if (message.kind !== "ask") return;
    this.#send({ kind: "answer", call: message.call, answer: await this.#answer(message.ask) });
  }

  async #answer(ask: Ask): Promise<Answer> {
    try {
      return { kind: "answered", value: await this.#options.answer(ask) };
    } catch (error) {
      if (isFault(error)) return { kind: "refused", code: error.code, message: error.message };
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #confirm(revision: number): void {
    this.#appliedRevision = revision;
    for (const [waited, done] of this.#applied) {
      if (waited > revision) continue;
      this.#applied.delete(waited);
      for (const each of done) each();
    }
  }
}

function readTable(path: string, log: Log): RoutingTable {
  if (!existsSync(path)) return emptyRoutingTable;
  try {
    return routingTableSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    log.warn("the kept routing table could not be read and is built anew", { path, error: String(error) });
    return emptyRoutingTable;
  }
}
