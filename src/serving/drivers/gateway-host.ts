import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Millis } from "../../base/clock.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import { logSize, readLogEnd } from "../../platform/log-end.ts";
import { processStartTicks } from "../../platform/instance-lock.ts";
import { jsonLog } from "../../platform/log.ts";
import { standardErrorLines } from "../../platform/standard-error.ts";
import type { Log } from "../../platform/ports.ts";
import type { Neighbours } from "../gateway/messages.ts";
import { type GatewaySettings, gatewayPaths, readGatewayState, socketFolder } from "./gateway-files.ts";
import { HostedWorker } from "./hosted-worker.ts";
import { MetricsRounds } from "./metrics-rounds.ts";
import { removeStaleSockets } from "./remove-stale-sockets.ts";
import { turnLog } from "./turn-log.ts";

/** Connections that wait for a worker when none is there; more are closed. */
const maxHeld = 1_024;

/** How long a worker may take until it can serve. */
const readyTimeoutMs: Millis = 30_000;

/** How long until a worker that ended is started again. */
const restartMs: Millis = 200;

/** How long requests under way may take when the gateway stops, and when a worker is replaced. */
const stopGraceMs: Millis = 3_000;
const replaceGraceMs: Millis = 30_000;

/** How often the host looks whether its folder still names it, and whether its log has grown too long. */
const ownershipMs: Millis = 5_000;

/** A log that outgrew this is begun anew, and the one before it is kept beside it. */
const logBytesMax = 64 * 1024 * 1024;

/** Lines of the log that explain workers that did not start. */
const logLinesTold = 3;

const backlog = 4_096;

/** What a host is made of. */
export interface GatewayHostOptions {
  readonly settingsPath: string;
  readonly settings: GatewaySettings;
  /** The program of one worker, and its environment. */
  readonly workerProgram: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** The folder no longer names this host: nobody would miss it. */
  readonly onAbandoned: () => void;
}

/**
 * The process that owns the gateway's port. It accepts connections and hands each to a worker, so that a worker may crash,
 * or be replaced, and no connection is refused. It outlives the control plane, as the workers do.
 *
 * One worker at a time holds the online features; a worker that is replaced gives them up first.
 */
export class GatewayHost {
  readonly #options: GatewayHostOptions;
  readonly #log: Log;
  readonly #server: Server;
  readonly #places: (HostedWorker | undefined)[];
  /** All that run, those that end among them. */
  readonly #workers = new Set<HostedWorker>();
  readonly #metrics = new MetricsRounds(this.#workers);
  readonly #held = new Set<Socket>();
  #holder: HostedWorker | undefined;
  #turn = 0;
  #isStopping = false;
  #replacing: Promise<void> = Promise.resolve();
  #ownership: NodeJS.Timeout | undefined;

  constructor(options: GatewayHostOptions) {
    this.#options = options;
    this.#log = jsonLog(standardErrorLines(), options.settings.logLevel).with({ part: "gateway-host" });
    this.#places = Array.from({ length: options.settings.workers }, () => undefined);
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#take(socket));
  }

  /** Listens, starts the workers, and writes down that it runs. @returns the port. */
  async start(): Promise<number> {
    const { settings } = this.#options;
    const { log } = gatewayPaths(settings.folder);
    mkdirSync(socketFolder(settings.folder), { recursive: true, mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: settings.host, port: settings.port, backlog }, () => resolve());
    });
    this.#server.on("error", (error) => this.#log.error("the gateway's port failed", { error: String(error) }));
    const { port } = this.#server.address() as AddressInfo;
    const said = await logSize(log);
    await Promise.all(this.#places.map(async (_, place) => await this.#fill(place))).catch(async (cause: unknown) => {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${what}; the gateway's log ${log} ends with\n${await readLogEnd(log, said, logLinesTold)}`, {
        cause,
      });
    });
    const startTicks = processStartTicks(process.pid) ?? "";
    await writeFileAtomically(
      gatewayPaths(settings.folder).state,
      JSON.stringify({ pid: process.pid, startTicks, port, settings }),
    );
    this.#metrics.start();
    this.#ownership = setInterval(() => {
      this.#checkOwnership();
      turnLog(log, logBytesMax).catch((error: unknown) =>
        this.#log.warn("the gateway's log could not be begun anew", { error: String(error) }),
      );
    }, ownershipMs);
    return port;
  }

  /** Takes no more connections, lets requests end within their grace, ends the workers. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearInterval(this.#ownership);
    this.#metrics.stop();
    this.#server.close();
    for (const socket of this.#held) socket.destroy();
    await Promise.all([...this.#workers].map(async (worker) => await worker.drain(stopGraceMs)));
    const { folder } = this.#options.settings;
    if (readGatewayState(folder)?.pid === process.pid) await rm(gatewayPaths(folder).state, { force: true });
  }

  /** Replaces every worker, one after the other; connections go to the new one once it is ready. */
  replaceWorkers(): Promise<void> {
    this.#replacing = this.#replacing.then(async () => {
      for (const place of this.#places.keys()) await this.#replace(place);
    });
    return this.#replacing.catch((error: unknown) =>
      this.#log.error("workers could not be replaced", { error: String(error) }),
    );
  }

  async #replace(place: number): Promise<void> {
    const old = this.#places[place];
    const made = await this.#startWorker(place);
    this.#places[place] = made;
    this.#introduce();
    await old?.drain(replaceGraceMs);
    if (this.#holder === undefined) await this.#letHold(made);
  }

  async #fill(place: number): Promise<void> {
    const made = await this.#startWorker(place);
    this.#places[place] = made;
    for (const socket of this.#held) {
      this.#held.delete(socket);
      this.#give(socket);
    }
    if (this.#holder === undefined) await this.#letHold(made);
    else this.#introduce();
  }

  async #startWorker(place: number): Promise<HostedWorker> {
    const { workerProgram, environment, settingsPath, settings } = this.#options;
    await removeStaleSockets(settings.folder);
    const worker = new HostedWorker({
      program: workerProgram,
      environment,
      settingsPath,
      place,
      onNews: (news) => this.#spread(worker, news),
      onMetrics: (round, families) => this.#metrics.hear(worker, round, families),
      onGather: (call) =>
        void this.#metrics.gather().then((families) => worker.tell({ kind: "gathered-metrics", call, families })),
      onReleased: () => this.#onReleased(worker),
      onExit: (how) => this.#onExit(worker, how),
      onSilent: () => this.#metrics.retire(worker),
    });
    this.#workers.add(worker);
    await worker.untilReady(readyTimeoutMs);
    return worker;
  }

  /** Makes a worker the holder of the online features. */
  async #letHold(worker: HostedWorker): Promise<void> {
    this.#holder = worker;
    await worker.hold(readyTimeoutMs);
    this.#introduce();
  }

  /** Tells every worker of the others. */
  #introduce(): void {
    const neighbours: Neighbours = {
      sockets: this.#places.flatMap((worker) => (worker?.isServing === true ? [worker.socket] : [])),
      holder: this.#holder?.socket ?? null,
    };
    for (const worker of this.#workers) worker.tell({ kind: "neighbours", ...neighbours });
  }

  #onReleased(worker: HostedWorker): void {
    if (this.#holder !== worker) return;
    this.#holder = undefined;
    const next = this.#places.find((each) => each !== undefined && each !== worker && each.isServing);
    if (next === undefined || this.#isStopping) return;
    this.#letHold(next).catch((error: unknown) =>
      this.#log.error("no worker holds the online features", { error: String(error) }),
    );
  }

  #onExit(worker: HostedWorker, how: string): void {
    this.#workers.delete(worker);
    this.#onReleased(worker);
    if (this.#places[worker.place] !== worker) return;
    this.#places[worker.place] = undefined;
    if (this.#isStopping) return;
    this.#log.error("a gateway worker ended and is started again", { place: worker.place, how });
    this.#refill(worker.place).catch((error: unknown) =>
      this.#log.error("a gateway worker could not be started", { place: worker.place, error: String(error) }),
    );
  }

  async #refill(place: number): Promise<void> {
    while (!this.#isStopping && this.#places[place] === undefined) {
      try {
        await this.#fill(place);
      } catch (error) {
        this.#log.error("a gateway worker did not start and is tried again", { place, error: String(error) });
        await pause(restartMs);
      }
    }
  }

  #take(socket: Socket): void {
    socket.on("error", () => undefined);
    this.#give(socket);
  }

  /** Hands a connection to the next worker in turn; holds it while there is none. */
  #give(socket: Socket): void {
    for (let step = 0; step < this.#places.length; step += 1) {
      this.#turn = (this.#turn + 1) % this.#places.length;
      const worker = this.#places[this.#turn];
      if (worker?.isServing !== true) continue;
      worker.take(socket, () => this.#give(socket));
      return;
    }
    if (this.#held.size >= maxHeld || this.#isStopping) socket.destroy();
    else this.#hold(socket);
  }

  #hold(socket: Socket): void {
    this.#held.add(socket);
    socket.once("close", () => this.#held.delete(socket));
  }

  #spread(from: HostedWorker, news: unknown): void {
    for (const worker of this.#places) if (worker !== from) worker?.tell({ kind: "news", news });
  }

  /** A gateway whose folder is gone, or taken by another one, serves nobody: it ends. */
  #checkOwnership(): void {
    if (readGatewayState(this.#options.settings.folder)?.pid === process.pid) return;
    this.#log.warn("the gateway's folder no longer names this process, which ends", { pid: process.pid });
    this.#options.onAbandoned();
  }
}
