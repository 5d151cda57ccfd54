import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Millis } from "../../base/clock.ts";
import type { HostToWorker, WorkerToHost } from "../gateway/messages.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import { workerHeapFlags, workerMalloc } from "./heap-flags.ts";

/** How long after its grace a worker that does not end is killed. */
const killAfterMs: Millis = 2_000;

/** What a worker is started with, and what its host hears of it. */
export interface HostedWorkerOptions {
  readonly program: string;
  /** Its environment; what this says of malloc outranks what we would set. */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly settingsPath: string;
  readonly place: number;
  readonly onNews: (news: unknown) => void;
  /** It tells what it has counted. */
  readonly onMetrics: (round: number | null, families: readonly MetricFamily[]) => void;
  /** It wants the metrics of all workers. */
  readonly onGather: (call: number) => void;
  /** It gave the online features up. */
  readonly onReleased: () => void;
  /** It ended; `how` for people. */
  readonly onExit: (how: string) => void;
  /** It is gone, and nothing of what it said is still to be heard. */
  readonly onSilent: () => void;
}

interface GivenConnection {
  readonly socket: Socket;
  readonly onRefused: () => void;
}

/** One worker process as its host sees it. */
export class HostedWorker {
  readonly place: number;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #holding = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  /** Connections that wait for the one that is on its way: the system's channel carries one at a time. */
  #waiting: GivenConnection[] = [];
  /** The connection that was sent last, which it has not told to have; null where it has. */
  #onWay: GivenConnection | null = null;
  /** Called once none of its connections is left to hand over. */
  #onAllGiven: () => void = () => undefined;
  #state: "starting" | "serving" | "draining" | "ended" = "starting";
  #socket = "";

  constructor(options: HostedWorkerOptions) {
    this.place = options.place;
    this.#ready.promise.catch(() => undefined);
    this.#holding.promise.catch(() => undefined);
    this.#child = fork(options.program, [options.settingsPath, String(options.place)], {
      serialization: "advanced",
      execArgv: [...workerHeapFlags],
      env: { ...workerMalloc, ...options.environment },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => this.#hear(message as WorkerToHost, options));
    this.#child.on("error", (error) => this.#ready.reject(error));
    this.#child.once("disconnect", () => options.onSilent());
    this.#ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#state = "ended";
        const how = signal ?? `exit code ${code}`;
        this.#ready.reject(new Error(`the worker ended with ${how} before it was ready`));
        this.#holding.reject(new Error(`the worker ended with ${how}`));
        options.onExit(how);
        this.#giveAllBack();
        resolve();
      });
    });
  }

  /** Whether it takes connections. */
  get isServing(): boolean {
    return this.#state === "serving" && this.#child.connected;
  }

  /** Where its neighbours reach it, once it is ready. */
  get socket(): string {
    return this.#socket;
  }

  /** Resolves once it can serve; one that takes longer is killed. @throws when it does not start. */
  untilReady(limitMs: Millis): Promise<void> {
    return this.#within(this.#ready.promise, limitMs, "become ready");
  }

  /** Lets it hold the online features; resolves once it does. */
  hold(limitMs: Millis): Promise<void> {
    this.tell({ kind: "hold" });
    return this.#within(this.#holding.promise, limitMs, "open the online features");
  }

  /**
   * Hands it a connection; `onRefused` is called when it ended without having it. The socket stays open here until it has
   * it, since one that is on its way to a process that dies would be lost.
   */
  take(socket: Socket, onRefused: () => void): void {
    this.#waiting.push({ socket, onRefused });
    if (this.#onWay === null) this.#giveNext();
  }

  /** Sends the next connection once the last one has arrived; only then is it known how many wait behind it. */
  #giveNext(): void {
    this.#onWay = null;
    let next = this.#waiting.shift();
    while (next?.socket.destroyed === true) next = this.#waiting.shift();
    if (next === undefined) {
      this.#onAllGiven();
      return;
    }
    this.#onWay = next;
    const message: HostToWorker = { kind: "connection", waiting: this.#waiting.length };
    this.#child.send(message, next.socket, { keepOpen: true }, (error) => {
      if (error !== null) this.#giveAllBack();
    });
  }

  /** It cannot be reached any more. */
  #giveAllBack(): void {
    const all = this.#onWay === null ? this.#waiting : [this.#onWay, ...this.#waiting];
    this.#onWay = null;
    this.#waiting = [];
    this.#onAllGiven();
    for (const { socket, onRefused } of all) if (!socket.destroyed) onRefused();
  }

  tell(message: HostToWorker): void {
    if (this.#child.connected) this.#child.send(message, undefined, undefined, () => undefined);
  }

  /** Lets it end what is under way and what it was given, at most `graceMs`; resolves once it is gone. */
  async drain(graceMs: Millis): Promise<void> {
    if (this.#state === "ended") return;
    this.#state = "draining";
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs + killAfterMs);
    if (this.#onWay !== null) {
      await new Promise<void>((resolve) => {
        this.#onAllGiven = resolve;
      });
    }
    this.tell({ kind: "drain", graceMs });
    await this.#ended;
    clearTimeout(timer);
  }

  #hear(message: WorkerToHost, options: HostedWorkerOptions): void {
    if (message.kind === "news") options.onNews(message.news);
    else if (message.kind === "metrics") options.onMetrics(message.round, message.families);
    else if (message.kind === "gather-metrics") options.onGather(message.call);
    else if (message.kind === "taken") {
      this.#onWay?.socket.destroy();
      this.#giveNext();
    } else if (message.kind === "released") options.onReleased();
    else if (message.kind === "holding") this.#holding.resolve();
    else {
      this.#socket = message.socket;
      if (this.#state === "starting") this.#state = "serving";
      this.#ready.resolve();
    }
  }

  async #within(done: Promise<void>, limitMs: Millis, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#child.kill("SIGKILL");
        reject(new Error(`a gateway worker wants to ${what} within ${limitMs} ms and did not`));
      }, limitMs);
    });
    await Promise.race([done, late]).finally(() => clearTimeout(timer));
  }
}
