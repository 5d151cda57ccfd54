import { randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import { isFault } from "../../base/fault.ts";
import { seededRandom } from "../../base/random.ts";
import { jsonLog } from "../../platform/log.ts";
import { standardErrorLines } from "../../platform/standard-error.ts";
import type { Log } from "../../platform/ports.ts";
import { idsFrom, systemClock } from "../../platform/system.ts";
import type {
  Admission,
  Answer,
  HostToWorker,
  Neighbours,
  OutcomesTaken,
  ToWorker,
  WorkerToHost,
} from "../gateway/messages.ts";
import { defaultGatewayLimits } from "../gateway/gateway-limits.ts";
import type { ShareGrant } from "../gateway/limits/lease.ts";
import { ShareDesk } from "../gateway/limits/share-desk.ts";
import { assembleGateway, type GatewayWorker, type SpreadNews } from "../drivers/assemble-gateway.ts";
import { ControlLink } from "../drivers/control-link.ts";
import { FeatureHolding } from "../drivers/feature-holding.ts";
import {
  gatewayPaths,
  readGatewaySettings,
  readGatewayState,
  readLimits,
  readOnlineViews,
  readRoutingTable,
  upstreamKeyFolder,
} from "../drivers/gateway-files.ts";
import { KeyVerdicts } from "../drivers/key-verdicts.ts";
import { LimitGate } from "../drivers/limit-gate.ts";
import { LimitLeases } from "../drivers/limit-leases.ts";
import { TrafficRecorder } from "../drivers/traffic-recorder.ts";
import { UpstreamGuard } from "../drivers/upstream-guard.ts";
import { UpstreamKeys } from "../drivers/upstream-keys.ts";
import { WholeMetrics } from "../drivers/whole-metrics.ts";

/*
 * The program of one worker of the gateway: `gateway-worker SETTINGS PLACE`. It serves the connections that the host hands it by
 * the last routing table, and asks the control plane only about keys it does not know and to hand over what was served.
 */

/** How long requests under way may take once the host is gone. */
const orphanGraceMs = 30_000;

/** How long a request waits for somebody to hold the features while they are handed over. */
const holderWaitMs = 2_000;

/** How much longer than any request a reservation is kept. */
const holdSlackMs = 60_000;

/** How often workers tell each other what their balancers learnt. */
const spreadMs = 50;

/** How often a worker tells what it carries. */
const loadReportMs = 1_000;

/** A worker's parts and what it knows of its neighbours. */
class WorkerProgram {
  readonly #log: Log;
  readonly #features: FeatureHolding;
  readonly #link: ControlLink;
  readonly #recorder: TrafficRecorder;
  readonly #gateway: GatewayWorker;
  readonly #gate: LimitGate;
  readonly #leases: LimitLeases;
  readonly #metrics = new WholeMetrics((message) => this.#tell(message));
  /** Never used before: what this run of the worker is called. */
  readonly #name: string;
  readonly #ownSocket: string;
  #neighbours: Neighbours = { sockets: [], holder: null };
  #onNeighbours: (() => void)[] = [];
  #isEnding = false;
  #reports: NodeJS.Timeout | undefined;
  /** Of the database and the control plane, as last told. */
  #platformPorts: readonly number[];
  /** Where the gateway listens; 0 until it is known. */
  #port = 0;
  #spreading: NodeJS.Timeout | undefined;

  constructor(settingsPath: string, place: number) {
    const settings = readGatewaySettings(settingsPath);
    const folder = dirname(settingsPath);
    const paths = gatewayPaths(folder);
    this.#log = jsonLog(standardErrorLines(), settings.logLevel).with({ part: "gateway", place });
    this.#ownSocket = paths.worker(process.pid);
    this.#platformPorts = settings.upstreams.platformPorts;
    this.#features = new FeatureHolding({ ...settings, views: readOnlineViews(folder) });
    const newId = idsFrom(systemClock);
    this.#recorder = new TrafficRecorder(
      newId(),
      async (batch) => void (await this.#link.ask({ method: "record", batch })),
      this.#log,
    );
    const name = newId();
    this.#name = name;
    const desk = new ShareDesk(systemClock.now());
    this.#leases = new LimitLeases({
      worker: name,
      desk,
      owner: {
        lease: async (worker, reports) =>
          (await this.#link.ask({ method: "lease", worker, reports })) as readonly ShareGrant[],
      },
      clock: systemClock,
      log: this.#log,
    });
    this.#gate = new LimitGate(desk, this.#leases, systemClock, defaultGatewayLimits.totalMs + holdSlackMs);
    this.#gate.setTable(readLimits(folder), systemClock.now());
    this.#gateway = assembleGateway({
      gate: this.#gate,
      telemetry: settings.telemetry,
      guard: new UpstreamGuard(settings.upstreams, () => this.#ownPorts(folder)),
      wholeMetrics: async () => await this.#metrics.gather(),
      clock: systemClock,
      random: seededRandom(randomInt(2 ** 32)),
      newId,
      log: this.#log,
      features: this.#features,
      featuresElsewhere: async () => await this.#findHolder(),
      recorder: this.#recorder,
      keys: new UpstreamKeys(upstreamKeyFolder(folder), process.env, systemClock),
      verdicts: new KeyVerdicts(
        async (token, action, project) =>
          (await this.#link.ask({ method: "authorise", token, action, project })) as Admission,
        systemClock,
      ),
      askLoading: async (ask) => await this.#link.ask(ask),
      takeOutcomes: async (project, deployment, outcomes) =>
        (await this.#link.ask({ method: "outcomes", project, deployment, outcomes })) as OutcomesTaken,
    });
    this.#gateway.setTable(readRoutingTable(folder, this.#log));
    this.#link = new ControlLink({
      path: paths.control,
      hello: () => ({ kind: "hello", place, pid: process.pid, revision: this.#gateway.revision() }),
      onConnect: () => {
        if (this.#features.isHeld) this.#link.send({ kind: "holding" });
      },
      onMessage: (message) => this.#hearControl(message),
    });
  }

  async start(): Promise<void> {
    await this.#gateway.server.listenOnPath(this.#ownSocket);
    this.#recorder.start();
    this.#leases.start();
    this.#spreading = setInterval(() => this.#spreadNews(), spreadMs);
    this.#reports = setInterval(() => this.#reportLoad(), loadReportMs);
    this.#tell({ kind: "ready", socket: this.#ownSocket });
  }

  hearHost(message: HostToWorker, socket: Socket | undefined): void {
    if (message.kind === "connection") {
      this.#tell({ kind: "taken" });
      if (socket !== undefined) this.#gateway.server.accept(socket);
      this.#gateway.server.expect(message.waiting);
    } else if (message.kind === "neighbours") this.#meet(message);
    else if (message.kind === "hold") this.#catch(this.#hold());
    else if (message.kind === "news") this.#gateway.hear(message.news as SpreadNews, systemClock.now());
    else if (message.kind === "tell-metrics") this.#tellMetrics(message.round);
    else if (message.kind === "gathered-metrics") this.#metrics.hear(message.call, message.families);
    else if (message.kind === "drain") this.#catch(this.end(message.graceMs));
  }

  /** Gives the features up, ends what is under way, and ends the process. */
  async end(graceMs: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await this.#features.release();
    this.#tell({ kind: "released" });
    await this.#gateway.stop(graceMs);
    clearInterval(this.#reports);
    clearInterval(this.#spreading);
    await this.#leases.stop();
    await this.#recorder.stop();
    this.#link.stop();
    this.#tellMetrics(null, () => process.exit(0));
  }

  #meet(neighbours: Neighbours): void {
    this.#neighbours = neighbours;
    const waiting = this.#onNeighbours;
    this.#onNeighbours = [];
    for (const each of waiting) each();
  }

  /** The socket of the worker that holds the features; null when it is this one, or none does for long. */
  async #findHolder(): Promise<string | null> {
    const endsAt = performance.now() + holderWaitMs;
    while (!this.#features.isHeld && performance.now() < endsAt) {
      const { holder } = this.#neighbours;
      if (holder !== null && holder !== this.#ownSocket) return holder;
      await this.#untilNeighbours(endsAt - performance.now());
    }
    return null;
  }

  async #untilNeighbours(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
      this.#onNeighbours.push(resolve);
    });
    clearTimeout(timer);
  }

  /** Tells the neighbours what replicas were picked for which prompts, also that nothing was: silence means death. */
  #spreadNews(): void {
    const news: SpreadNews = { worker: this.#name, desks: this.#gateway.takeNews() };
    if (this.#neighbours.sockets.length > 1) this.#tell({ kind: "news", news });
  }

  #ownPorts(folder: string): readonly number[] {
    if (this.#port === 0) this.#port = readGatewayState(folder)?.port ?? 0;
    return [...this.#platformPorts, this.#port];
  }

  #reportLoad(): void {
    const loads = this.#gateway.loads.take(systemClock.now());
    const replicas = this.#gateway.replicaLoads();
    if (loads.length > 0 || replicas.length > 0) this.#link.send({ kind: "load", loads, replicas });
    this.#link.send({ kind: "busy", replicas: this.#gateway.use.busy() });
  }

  async #hold(): Promise<void> {
    await this.#features.hold();
    this.#link.send({ kind: "holding" });
    this.#tell({ kind: "holding" });
  }

  #hearControl(message: Exclude<ToWorker, { kind: "answer" }>): void {
    if (message.kind === "views") this.#features.setViews(message.views);
    else if (message.kind === "limits") this.#gate.setTable(message.limits, systemClock.now());
    else if (message.kind === "control") {
      this.#platformPorts = [...message.platformPorts, Number(new URL(message.url).port)];
      this.#gateway.setControlUrl(message.url);
    } else if (message.kind === "append") this.#catch(this.#append(message));
    else {
      this.#gateway.setTable(message.table);
      this.#link.send({ kind: "applied", revision: message.table.revision });
    }
  }

  async #append({ call, project, view, rows }: Extract<ToWorker, { kind: "append" }>): Promise<void> {
    const answer: Answer = await this.#features.append(project, view, rows).then(
      () => ({ kind: "answered", value: null }),
      (error: unknown) =>
        isFault(error)
          ? { kind: "refused", code: error.code, message: error.message }
          : { kind: "failed", message: error instanceof Error ? error.message : String(error) },
    );
    this.#link.send({ kind: "appended", call, answer });
  }

  #tellMetrics(round: number | null, onTold: () => void = () => undefined): void {
    const families = this.#gateway.metrics();
    if (!this.#tell({ kind: "metrics", round, families }, onTold)) onTold();
  }

  /** @returns whether there is a host. */
  #tell(message: WorkerToHost, onTold: () => void = () => undefined): boolean {
    if (!process.connected) return false;
    process.send?.(message, undefined, undefined, () => onTold());
    return true;
  }

  #catch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#log.error("gateway met a bug", { error: error instanceof Error ? error.stack : String(error) });
      process.exit(1);
    });
  }
}

const [, , settingsPath = "", place = "0"] = process.argv;
const worker = new WorkerProgram(settingsPath, Number(place));
process.on("message", (message, socket) => worker.hearHost(message as HostToWorker, socket as Socket | undefined));
process.once("disconnect", () => void worker.end(orphanGraceMs));
// The host says when to end; a terminal's interrupt reaches the whole group.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
await worker.start();
