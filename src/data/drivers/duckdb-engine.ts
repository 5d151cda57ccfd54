import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { toDiskFault } from "../../platform/files.ts";
import type { QueryOptions, SqlEngine, SqlResult } from "../ports.ts";
import { toDuckdbFault } from "./duckdb-fault.ts";
import type { SessionReply, SessionRequest } from "./duckdb-message.ts";
import { DuckdbProcess } from "./duckdb-process.ts";

/** What an engine may use of its machine. */
export interface DuckdbSettings {
  /** Made if absent and emptied at the start; on the same disk as what `writeParquet` writes. */
  readonly temporaryFolder: string;
  readonly threads: number;
  /** Bytes for each session. */
  readonly memory: number;
  /** Sessions at once; others wait. */
  readonly sessions: number;
  /** A session that runs longer is stopped. */
  readonly timeoutMs: Millis;
}

/** How long a child without work is kept for the next query. */
const idleMs: Millis = 20_000;

/**
 * SQL over files by DuckDB, each session in a child process.
 *
 * A child serves one session at a time and is kept a while for the next one, since starting one costs some 150 ms.
 * An abort or a timeout kills it. Files are written beside the others in `temporaryFolder` and renamed when whole.
 */
export class DuckdbEngine implements SqlEngine {
  readonly #settings: DuckdbSettings;
  readonly #idle: DuckdbProcess[] = [];
  readonly #busy = new Set<DuckdbProcess>();
  readonly #waiting: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #sessions = 0;

  constructor(settings: DuckdbSettings) {
    this.#settings = settings;
  }

  /** Clears what a killed server left half-written. */
  async start(): Promise<void> {
    await rm(this.#settings.temporaryFolder, { recursive: true, force: true });
    await mkdir(this.#settings.temporaryFolder, { recursive: true, mode: 0o700 });
  }

  /** Stops every session and child. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the engine is stopping"));
    await Promise.all([...this.#idle, ...this.#busy].map((child) => child.kill()));
    this.#idle.length = 0;
  }

  async query(statements: readonly string[], options: QueryOptions): Promise<SqlResult> {
    const { maxRows, files, signal } = options;
    const reply = await this.#run(
      { statements, target: { kind: "rows", maxRows }, files, limits: this.#limits() },
      signal,
    );
    if (reply.kind !== "rows") throw new Error(`a query answered ${reply.kind}`);
    return reply.result;
  }

  async writeParquet(
    statements: readonly string[],
    path: string,
    { files, signal }: Omit<QueryOptions, "maxRows">,
  ): Promise<{ readonly rows: number }> {
    const temporary = join(this.#settings.temporaryFolder, `${randomBytes(8).toString("hex")}.parquet`);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await mkdir(this.#settings.temporaryFolder, { recursive: true, mode: 0o700 });
      const target = { kind: "parquet", path: temporary } as const;
      const reply = await this.#run({ statements, target, files, limits: this.#limits() }, signal);
      if (reply.kind !== "written") throw new Error(`a write answered ${reply.kind}`);
      await rename(temporary, path);
      return { rows: reply.rows };
    } catch (error) {
      await rm(temporary, { force: true });
      throw toDiskFault(error, path);
    }
  }

  #limits(): SessionRequest["limits"] {
    const { threads, memory, temporaryFolder } = this.#settings;
    return { threads, memory, spillFolder: join(temporaryFolder, "spill") };
  }

  async #run(request: SessionRequest, signal: AbortSignal): Promise<SessionReply> {
    const ended = AbortSignal.any([signal, this.#stopping.signal]);
    await requireReadable(request.files);
    await this.#enter(ended);
    const child = this.#idle.pop() ?? new DuckdbProcess();
    this.#busy.add(child);
    const timeout = AbortSignal.timeout(this.#settings.timeoutMs);
    try {
      const reply = await child.ask(request, AbortSignal.any([ended, timeout]));
      if (reply.kind === "failed") throw toDuckdbFault(reply.message, reply.statement, request.files);
      return reply;
    } catch (error) {
      if (timeout.aborted && !ended.aborted) throw this.#timeoutFault();
      throw error;
    } finally {
      this.#busy.delete(child);
      this.#leave(child);
    }
  }

  #timeoutFault(): Fault {
    const seconds = this.#settings.timeoutMs / 1000;
    return new Fault("data.query-timeout", `the query ran longer than ${seconds} s and was stopped; read less at once`);
  }

  /** Waits for a free session. */
  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#sessions >= this.#settings.sessions) {
      await new Promise<void>((resolve, reject) => {
        const onFree = () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        const onAbort = () => {
          this.#waiting.splice(this.#waiting.indexOf(onFree), 1);
          reject(signal.reason);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        this.#waiting.push(onFree);
      });
    }
    this.#sessions += 1;
  }

  #leave(child: DuckdbProcess): void {
    this.#sessions -= 1;
    if (child.isAlive && !this.#stopping.signal.aborted) {
      this.#idle.push(child);
      this.#endWhenIdle(child);
    }
    this.#waiting.shift()?.();
  }

  #endWhenIdle(child: DuckdbProcess): void {
    const { asked } = child;
    const timer = setTimeout(() => {
      const place = this.#idle.indexOf(child);
      if (place < 0 || child.asked !== asked) return;
      this.#idle.splice(place, 1);
      child.end();
    }, idleMs);
    timer.unref();
  }
}

/** The engine answers for an absent file as if it were forbidden; this says what is true. */
async function requireReadable(files: readonly string[]): Promise<void> {
  for (const file of files) {
    try {
      await access(file, constants.R_OK);
    } catch (cause) {
      throw new Fault(
        "data.file-unreadable",
        `the file ${file} is gone or may not be read; put it back, or apply the dataset anew`,
        {
          details: { file },
          cause,
        },
      );
    }
  }
}
