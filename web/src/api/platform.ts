import { useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { LoggedEvent } from "../../../src/platform/event.ts";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";

/** What the server says of itself. */
export interface ServerStatus {
  readonly version: string;
  readonly startedAt: number | null;
  readonly gatewayUrl: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly logSize: number;
  readonly checkpoint: { readonly root: string; readonly size: number | null } | null;
}

function statusOf(value: unknown): ServerStatus {
  const fields = fieldsOf(value, "status");
  const log = fields.fields("log");
  const checkpoint = log.fieldsOrNull("checkpoint");
  const root =
    checkpoint?.textOr("root", null) ?? checkpoint?.textOr("rootHash", null) ?? log.textOr("checkpoint", null);
  return {
    version: fields.textOr("version", ""),
    startedAt: fields.numberOr("startedAt", null),
    gatewayUrl: fields.textOr("gatewayUrl", null),
    counts: fields.numbersByName("counts"),
    logSize: log.numberOr("size", 0),
    checkpoint: root === null ? null : { root, size: checkpoint?.numberOr("size", null) ?? null },
  };
}

/** Asks the server for its status. */
export function readStatus(signal: AbortSignal): Promise<ServerStatus> {
  return getJson("/api/v1/status", statusOf, signal);
}

/** The server's status, kept live. */
export function useStatus(): UseQueryResult<ServerStatus> {
  return useQuery({ queryKey: ["status"], queryFn: ({ signal }) => readStatus(signal) });
}

/** Whose key this is. */
export function useIdentity(): UseQueryResult<{ readonly identity: string; readonly project: string | null }> {
  return useQuery({
    queryKey: ["whoami"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      getJson(
        "/api/v1/whoami",
        (value) => {
          const fields = fieldsOf(value, "whoami");
          return { identity: fields.textOr("identity", "?"), project: fields.textOr("project", null) };
        },
        signal,
      ),
  });
}

function readLoggedEvent(fields: Fields): LoggedEvent {
  const subject = fields.fields("subject");
  return {
    seq: fields.number("seq"),
    at: fields.number("at"),
    actor: fields.textOr("actor", ""),
    verb: fields.textOr("verb", ""),
    subject: {
      kind: subject.textOr("kind", ""),
      project: subject.textOr("project", null),
      name: subject.textOr("name", ""),
    },
    message: fields.textOr("message", ""),
    data: fields.record("data"),
  };
}

/** Which entries of the log to show. */
export interface EventFilter {
  readonly kind?: string | undefined;
  readonly project?: string | undefined;
  readonly name?: string | undefined;
  readonly verb?: string | undefined;
  readonly actor?: string | undefined;
}

const eventsPerPage = 100;

function readEventPage(value: unknown): { readonly events: readonly LoggedEvent[]; readonly next: number | null } {
  const fields = fieldsOf(value, "events");
  const events = fields.list("events", readLoggedEvent);
  const last = events.at(-1)?.seq ?? null;
  const next = fields.numberOr("next", events.length === eventsPerPage ? last : null);
  return { events, next };
}

/** Entries of the log, the newest first, page by page. */
export function useEvents(filter: EventFilter, limit = eventsPerPage) {
  return useInfiniteQuery({
    queryKey: ["events", filter, limit],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) =>
      getJson(withQuery("/api/v1/events", { ...filter, before: pageParam, limit }), readEventPage, signal),
    getNextPageParam: (page) => page.next,
  });
}

/** One entry of the log. */
export function useEvent(seq: number | null): UseQueryResult<LoggedEvent | null> {
  return useQuery({
    queryKey: ["event", seq],
    enabled: seq !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const page = await getJson(
        withQuery("/api/v1/events", { before: (seq ?? 0) + 1, limit: 1 }),
        readEventPage,
        signal,
      );
      return page.events.find((event) => event.seq === seq) ?? null;
    },
  });
}
