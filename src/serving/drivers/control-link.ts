import { createConnection } from "node:net";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Answer, Ask, FromWorker, ToWorker } from "../gateway/messages.ts";
import { FramedSocket } from "./framed-socket.ts";

/** How long the control plane may take to answer. */
const askTimeoutMs: Millis = 10_000;

/** How long until a connection that was lost, or not made, is tried again. */
const reconnectMs: Millis = 250;

/** What a worker does with the control plane's words. */
export interface ControlLinkOptions {
  /** Path of the Unix socket on which the control plane listens. */
  readonly path: string;
  /** What to say first on every connection. */
  readonly hello: () => FromWorker;
  /** Called after the first word on every connection. */
  readonly onConnect: () => void;
  readonly onMessage: (message: Exclude<ToWorker, { kind: "answer" }>) => void;
}

/**
 * A worker's connection to the control plane: made again whenever it is lost, for as long as the worker runs, since a
 * gateway serves on while the control plane is away.
 */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #link: FramedSocket<ToWorker, FromWorker> | undefined;
  #calls = 0;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  /**
   * Asks the control plane.
   *
   * @throws {Fault} what it refuses with. @throws {Error} when it is away or does not answer in time.
   */
  ask(ask: Ask): Promise<unknown> {
    const link = this.#link;
    if (link === undefined) return Promise.reject(new Error("the control plane is away"));
    this.#calls += 1;
    const call = this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(call, { kind: "failed", message: `no answer in ${askTimeoutMs} ms` }),
        askTimeoutMs,
      );
      this.#waiting.set(call, (answer) => {
        clearTimeout(timer);
        if (answer.kind === "answered") resolve(answer.value);
        else if (answer.kind === "refused") reject(new Fault(answer.code, answer.message));
        else reject(new Error(answer.message));
      });
      link.send({ kind: "ask", call, ask });
    });
  }

  /** Says something; lost when the control plane is away. */
  send(message: FromWorker): void {
    this.#link?.send(message);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.#link?.close();
  }

  #connect(): void {
    const socket = createConnection(this.#options.path);
    const link = new FramedSocket<ToWorker, FromWorker>(
      socket,
      (message) => this.#hear(message),
      () => this.#onClose(),
    );
    socket.once("connect", () => {
      this.#link = link;
      link.send(this.#options.hello());
      this.#options.onConnect();
    });
  }

  #onClose(): void {
    this.#link = undefined;
    for (const call of this.#waiting.keys()) {
      this.#settle(call, { kind: "failed", message: "the control plane went away" });
    }
    if (!this.#isStopped) this.#retry = setTimeout(() => this.#connect(), reconnectMs);
  }

  #hear(message: ToWorker): void {
    if (message.kind === "answer") this.#settle(message.call, message.answer);
    else this.#options.onMessage(message);
  }

  #settle(call: number, answer: Answer): void {
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    waiting?.(answer);
  }
}
