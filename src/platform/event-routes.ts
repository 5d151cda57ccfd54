import type { ServerResponse } from "node:http";
import type { Kysely } from "kysely";
import * as z from "zod";
import type { Auditor } from "./audit.ts";
import { eventPageMax, logSize, readEvents } from "./event-log.ts";
import type { Caller, Gatekeeper } from "./ports.ts";
import { defineRoute, type Route, sent } from "./route.ts";
import type { PlatformTables } from "./tables.ts";

const watchHeartbeatMs = 10_000;
const watchPollMs = 1_000;
/** Open watches at once in one process. */
const watchesMax = 500;

const eventsQuerySchema = z.object({
  kind: z.string().optional(),
  project: z.string().optional(),
  name: z.string().optional(),
  actor: z.string().optional(),
  /** One verb or several, joined by commas. */
  verb: z.string().optional(),
  after: z.coerce.number().int().optional(),
  before: z.coerce.number().int().optional(),
  order: z.enum(["newest-first", "oldest-first"]).default("newest-first"),
  limit: z.coerce.number().int().min(1).max(eventPageMax).default(100),
});

const watchQuerySchema = z.object({
  /** Changes after this place; absent: from now on. */
  since: z.coerce.number().int().min(0).optional(),
  project: z.string().optional(),
});

/** Wakes watchers when the log grows. */
export class EventFeed {
  readonly #waiting = new Set<() => void>();
  watchers = 0;

  /** Says that the log may have grown. */
  notify(): void {
    for (const wake of Array.from(this.#waiting)) wake();
  }

  /** Resolves at the next notification, after `timeoutMs`, or when `signal` fires. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

export interface EventRoutesNeeds {
  readonly database: Kysely<PlatformTables>;
  readonly feed: EventFeed;
  readonly auditor: Auditor;
  readonly gatekeeper: Gatekeeper;
  /** Fires when the server stops: watches end. */
  readonly stopping: AbortSignal;
}

/** The audit trail, the watch, and the proof that the log is whole. */
export function eventRoutes(needs: EventRoutesNeeds): readonly Route[] {
  return [listRoute(needs), watchRoute(needs), ...auditRoutes(needs)];
}

async function readableFilter(
  needs: EventRoutesNeeds,
  caller: Caller,
): Promise<{ readonly projects?: readonly string[] }> {
  const projects = await needs.gatekeeper.readableProjects(caller);
  return projects === null ? {} : { projects };
}

function listRoute(needs: EventRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/events",
    summary: "Lists events by filter, a page at a time.",
    permission: { scope: "any" },
    query: eventsQuerySchema,
    handler: async ({ query, caller }) => {
      const { verb, ...filter } = query;
      const events = await readEvents(needs.database, {
        ...filter,
        ...(await readableFilter(needs, caller)),
        ...(verb === undefined ? {} : { verbs: verb.split(",") }),
      } as never);
      const last = events.at(-1);
      return { events, next: events.length === query.limit && last !== undefined ? last.seq : null };
    },
  });
}

function watchRoute(needs: EventRoutesNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/watch",
    summary:
      "Streams events as server-sent events; resumes after `since` (or Last-Event-ID) without a gap or a repeat.",
    permission: { scope: "any" },
    query: watchQuerySchema,
    handler: async ({ query, caller, headers, raw, signal }) => {
      const resume = Number(headers["last-event-id"]);
      const since = query.since ?? (Number.isInteger(resume) ? resume : await logSize(needs.database));
      if (needs.feed.watchers >= watchesMax) {
        raw.writeHead(503, { "retry-after": "5" }).end();
        return sent;
      }
      needs.feed.watchers += 1;
      const filter = {
        ...(await readableFilter(needs, caller)),
        ...(query.project === undefined ? {} : { project: query.project }),
      };
      try {
        await streamEvents(needs, since, filter, raw, AbortSignal.any([signal, needs.stopping]));
      } finally {
        needs.feed.watchers -= 1;
      }
      return sent;
    },
  });
}

async function streamEvents(
  needs: EventRoutesNeeds,
  since: number,
  filter: { readonly project?: string; readonly projects?: readonly string[] },
  raw: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
  raw.write(`: watching after ${since}\n\n`);
  let cursor = since;
  let quietMs = 0;
  while (!signal.aborted && !raw.destroyed) {
    try {
      const events = await readEvents(needs.database, {
        ...filter,
        after: cursor,
        limit: eventPageMax,
        order: "oldest-first",
      });
      for (const event of events) {
        raw.write(`id: ${event.seq}\nevent: change\ndata: ${JSON.stringify(event)}\n\n`);
        cursor = event.seq;
      }
      quietMs = events.length > 0 ? 0 : quietMs + watchPollMs;
      if (events.length === eventPageMax) continue;
    } catch {
      raw.write(": the database cannot be reached; the watch goes on when it is back\n\n");
    }
    if (quietMs >= watchHeartbeatMs) {
      raw.write(": still here\n\n");
      quietMs = 0;
    }
    await needs.feed.next(watchPollMs, signal);
  }
  raw.end();
}

function auditRoutes(needs: EventRoutesNeeds): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/audit/verify",
      summary: "Reads the whole event log and proves it against its signed checkpoints.",
      permission: { scope: "platform", action: "read" },
      handler: async () => {
        await needs.auditor.seal();
        return await needs.auditor.verify();
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/audit/checkpoint",
      summary: "Gives the newest signed checkpoint and the public key, to be kept elsewhere.",
      permission: { scope: "platform", action: "read" },
      handler: async () => ({ checkpoint: await needs.auditor.seal(), publicKey: needs.auditor.publicKey() }),
    }),
  ];
}
