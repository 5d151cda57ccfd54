import type { ServerResponse } from "node:http";
import * as z from "zod";
import { defineRoute, type Route, type RouteRequest, sent } from "../platform/route.ts";
import { missingWorkload } from "./drivers/stored-workloads.ts";
import { workloadIdSchema } from "./model.ts";
import type { ComputeDriver, LogStream, Workload } from "./ports.ts";
import type { WorkloadStore } from "./store.ts";

/** How much of a log is read at once. */
const chunkBytes = 64 * 1024;
/** How often a followed log is looked at. */
const followMs = 250;
/** How many looks at a quiet log pass between two looks at its workload. */
const looksPerState = 4;
/** The most lines that `tail` may ask for. */
const tailLinesMax = 100_000;
/** How many logs may be followed at once. */
const followersMax = 200;

const exitCodeHeader = "x-millwright-exit-code";

const logParamsSchema = z.object({ project: z.string(), id: workloadIdSchema });
const logQuerySchema = z.object({
  follow: z.enum(["true", "false", "1", "0", ""]).default("false"),
  stream: z.enum(["stdout", "stderr", "all"]).default("all"),
  tail: z.coerce.number().int().min(0).max(tailLinesMax).optional(),
  attempt: z.coerce.number().int().min(1).optional(),
});

type LogRequest = RouteRequest<z.infer<typeof logParamsSchema>, z.infer<typeof logQuerySchema>, unknown>;

export interface LogRoutesNeeds {
  readonly store: WorkloadStore;
  readonly driver: ComputeDriver;
  /** Fires when the server stops: followers are let go. */
  readonly stopping: AbortSignal;
}

/** Streams what a workload wrote, as plain text. */
export function logRoutes(needs: LogRoutesNeeds): readonly Route[] {
  let followers = 0;
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/workloads/:id/logs",
      summary:
        "Streams a workload's log as text; with `follow` until it has ended (its exit code then comes as the trailer x-millwright-exit-code).",
      permission: { scope: "project", action: "read" },
      params: logParamsSchema,
      query: logQuerySchema,
      handler: async (request) => {
        const workload = await needs.store.get(request.params.id);
        if (workload === undefined || workload.project !== request.params.project)
          throw missingWorkload(request.params.id);
        if (followers >= followersMax) {
          request.raw.writeHead(503, { "retry-after": "5" }).end();
          return sent;
        }
        followers += 1;
        try {
          await new LogCopy(needs, request, workload).run();
        } finally {
          followers -= 1;
        }
        return sent;
      },
    }),
  ];
}

/** One client's reading of one workload's log. */
class LogCopy {
  readonly #needs: LogRoutesNeeds;
  readonly #raw: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #streams: readonly LogStream[];
  readonly #tail: number | undefined;
  readonly #attempt: number | undefined;
  readonly #isFollowing: boolean;
  #workload: Workload;

  constructor(needs: LogRoutesNeeds, { query, raw, signal }: LogRequest, workload: Workload) {
    this.#needs = needs;
    this.#raw = raw;
    this.#signal = AbortSignal.any([signal, needs.stopping]);
    this.#streams = query.stream === "all" ? ["stdout", "stderr"] : [query.stream];
    this.#tail = query.tail;
    this.#attempt = query.attempt;
    this.#isFollowing = ["true", "1", ""].includes(query.follow) && query.attempt === undefined;
    this.#workload = workload;
  }

  async run(): Promise<void> {
    try {
      this.#writeHead();
      await this.#copyAttempts();
      const code = exitCodeOf(this.#workload);
      if (this.#isFollowing && code !== null) this.#raw.addTrailers({ [exitCodeHeader]: code });
      this.#raw.end();
    } catch {
      // The client went away, or the log cannot be read on: an answer that was begun can only be cut off.
      this.#raw.destroy();
    }
  }

  #writeHead(): void {
    const code = exitCodeOf(this.#workload);
    this.#raw.writeHead(200, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      ...(code === null ? {} : { [exitCodeHeader]: code }),
      ...(this.#isFollowing ? { trailer: exitCodeHeader } : {}),
    });
    this.#raw.flushHeaders();
  }

  /** Copies the log of the attempt, and, when following, of each that comes after it. */
  async #copyAttempts(): Promise<void> {
    let tail = this.#tail;
    let attempt = this.#attempt ?? this.#workload.attempt;
    for (;;) {
      await this.#copyAttempt(attempt, tail);
      await this.#refresh();
      if (!this.#isFollowing || this.#signal.aborted || this.#workload.attempt === attempt) return;
      await this.#write(
        new TextEncoder().encode(
          `[millwright: attempt ${attempt} was lost; attempt ${this.#workload.attempt} follows]\n`,
        ),
      );
      attempt = this.#workload.attempt;
      tail = undefined;
    }
  }

  async #copyAttempt(attempt: number, tail: number | undefined): Promise<void> {
    const task = { id: this.#workload.id, attempt };
    const places = new Map<LogStream, number>();
    for (const stream of this.#streams) {
      places.set(stream, tail === undefined ? 0 : await this.#needs.driver.findTail(task, stream, tail));
    }
    for (let look = 0; !this.#signal.aborted; look += 1) {
      // Whether it has ended is asked before reading, so that nothing written before the end is missed.
      if (this.#isFollowing && look % looksPerState === 0) await this.#refresh();
      const isOver = !this.#isFollowing || this.#workload.endedAt !== null || this.#workload.attempt !== attempt;
      const count = await this.#copyNew(task, places);
      if (isOver && count === 0) return;
      if (count === 0) await pause(followMs, this.#signal);
    }
  }

  async #copyNew(
    task: { readonly id: string; readonly attempt: number },
    places: Map<LogStream, number>,
  ): Promise<number> {
    let count = 0;
    for (const [stream, at] of places) {
      const chunk = await this.#needs.driver.readLog(task, stream, at, chunkBytes);
      places.set(stream, chunk.next);
      count += chunk.bytes.length;
      if (chunk.bytes.length > 0) await this.#write(chunk.bytes);
    }
    return count;
  }

  async #refresh(): Promise<void> {
    this.#workload = (await this.#needs.store.get(this.#workload.id)) ?? this.#workload;
  }

  /** Writes, and waits while the client is slower than the log. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#raw.write(bytes)) return;
    const signal = this.#signal;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => () => {
        this.#raw.off("drain", onDrain);
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const onDrain = settle(resolve);
      const onAbort = settle(() => reject(signal.reason));
      this.#raw.once("drain", onDrain);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** The exit code that stands for a workload's end: its program's own, or 1 where it had none and did not succeed. */
function exitCodeOf(workload: Workload): string | null {
  if (workload.endedAt === null) return null;
  return String(workload.outcome?.exitCode ?? (workload.state === "succeeded" ? 0 : 1));
}

async function pause(millis: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, millis);
    signal.addEventListener("abort", finish, { once: true });
  });
}
