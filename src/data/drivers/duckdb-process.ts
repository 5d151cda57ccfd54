import { type ChildProcess, fork } from "node:child_process";
import { Socket } from "node:net";
import { extname } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { SessionReply, SessionRequest } from "./duckdb-message.ts";

/** The child's program lies beside this file, as source in the tree and as JavaScript in the built package. */
const program = new URL(`./duckdb-child${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** The end of the child's error output, for the fault that tells of its death. */
const lastWordsMax = 2_000;

/** One child process with DuckDB; serves one request at a time. */
export class DuckdbProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #lastWords = "";
  #asked = 0;

  constructor() {
    this.#child = fork(program, {
      execPath: process.execPath,
      execArgv: [],
      // Nothing of the server's environment: the child needs none of it, and queries must not see its secrets.
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString("utf8")).slice(-lastWordsMax);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.once("error", () => resolve());
    });
    this.#rest();
  }

  /** How many requests it was given. */
  get asked(): number {
    return this.#asked;
  }

  get isAlive(): boolean {
    return this.#child.connected && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Runs one session. An abort kills the process. @throws {Fault} `data.query-failed` when the process died. */
  async ask(request: SessionRequest, signal: AbortSignal): Promise<SessionReply> {
    signal.throwIfAborted();
    this.#asked += 1;
    const child = this.#child;
    child.ref();
    child.channel?.ref();
    try {
      return await new Promise<SessionReply>((resolve, reject) => {
        const finish = (act: () => void) => {
          child.off("message", onMessage);
          child.off("exit", onExit);
          child.off("error", onExit);
          signal.removeEventListener("abort", onAbort);
          act();
        };
        const onMessage = (reply: unknown) => finish(() => resolve(reply as SessionReply));
        const onExit = () => finish(() => reject(this.#deathFault()));
        const onAbort = () => finish(() => void this.kill().then(() => reject(signal.reason)));
        child.on("message", onMessage);
        child.on("exit", onExit);
        child.on("error", onExit);
        signal.addEventListener("abort", onAbort, { once: true });
        child.send(request, (error) => {
          if (error !== null) onExit();
        });
      });
    } finally {
      this.#rest();
    }
  }

  /** Ends the process at once, without waiting until it is gone. */
  end(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the process at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.ref();
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** An idle child does not keep the server from ending. */
  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    if (this.#child.stderr instanceof Socket) this.#child.stderr.unref();
  }

  #deathFault(): Fault {
    const how = this.#child.signalCode ?? `exit code ${this.#child.exitCode ?? "unknown"}`;
    return new Fault(
      "data.query-failed",
      `the query engine's process ended (${how}); the query may need more memory than the machine has free`,
      { details: { lastWords: this.#lastWords } },
    );
  }
}
