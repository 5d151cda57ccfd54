import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Instant, Millis } from "../../base/clock.ts";
import type { Log } from "../../platform/ports.ts";
import type { FromWorker, ToWorker } from "../gateway/messages.ts";
import { FramedSocket } from "./framed-socket.ts";
import { lateGateway } from "./late-gateway.ts";

/** A worker that is connected. */
export interface ConnectedWorker {
  readonly link: FramedSocket<FromWorker, ToWorker>;
  /** Of its table; null before it said hello. */
  revision: number | null;
  /** The replicas at which it had requests when it last told, and when that was. */
  busy: ReadonlySet<string>;
  toldAt: Instant;
  pid: number;
}

/** Who listens to the workers. */
export interface WorkerListener {
  /** A worker says something. */
  hear(worker: ConnectedWorker, message: FromWorker): Promise<void>;
  /** A worker is gone. */
  leave(worker: ConnectedWorker): void;
}

/** The gateway's workers as the control plane hears them: accepts their connections, and waits until they have come to something. */
export class WorkerLinks {
  readonly #listener: WorkerListener;
  readonly #log: Log;
  readonly #server: Server;
  readonly #workers = new Set<ConnectedWorker>();
  #wake: (() => void)[] = [];

  constructor(listener: WorkerListener, log: Log) {
    this.#listener = listener;
    this.#log = log;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Those that are connected now. */
  get all(): readonly ConnectedWorker[] {
    return [...this.#workers];
  }

  /** Accepts connections at a Unix socket; one that a dead process left there is replaced. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => resolve());
    });
  }

  /** Closes every connection and accepts no more. */
  async close(): Promise<void> {
    for (const { link } of this.#workers) link.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Sends a message to each. */
  tellAll(message: ToWorker): void {
    for (const { link } of this.#workers) link.send(message);
  }

  /**
   * Resolves once the condition holds; looks whenever a worker was heard or left.
   *
   * @throws {Fault} `serving.timeout` when it does not hold in time.
   */
  async until(isTrue: () => boolean, limitMs: Millis, what: string): Promise<void> {
    const endsAt = performance.now() + limitMs;
    while (!isTrue()) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw lateGateway(what, limitMs);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, leftMs);
        this.#wake.push(resolve);
      });
      clearTimeout(timer);
    }
  }

  #welcome(socket: Socket): void {
    const worker: ConnectedWorker = {
      revision: null,
      busy: new Set(),
      toldAt: 0,
      pid: 0,
      link: new FramedSocket<FromWorker, ToWorker>(
        socket,
        (message) => void this.#hear(worker, message),
        () => {
          this.#workers.delete(worker);
          this.#listener.leave(worker);
          this.#changed();
        },
      ),
    };
    this.#workers.add(worker);
  }

  async #hear(worker: ConnectedWorker, message: FromWorker): Promise<void> {
    try {
      await this.#listener.hear(worker, message);
      this.#changed();
    } catch (error) {
      this.#log.error("gateway was not heard", { error: String(error) });
    }
  }

  #changed(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const each of waiting) each();
  }
}
