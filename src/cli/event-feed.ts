import type { Millis } from "../base/clock.ts";
import { Fault, isFault } from "../base/fault.ts";
import { type LoggedEvent, loggedEventSchema } from "../platform/event.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { readEventStream } from "./event-stream.ts";
import { toList } from "./item.ts";

/** How often a broken watch is taken up again before it is given up, without one event in between. */
const mostReconnects = 30;

/** Before a broken watch is taken up again. */
const reconnectPauseMs: Millis = 1000;

/** What `events` asks for. */
export interface EventFilter {
  readonly after?: number | undefined;
  readonly kind?: string | undefined;
  readonly project?: string | undefined;
  readonly name?: string | undefined;
  /** One verb or several, joined by commas. */
  readonly verb?: string | undefined;
  readonly actor?: string | undefined;
  readonly limit: number;
  readonly order: "oldest-first" | "newest-first";
}

/** Reads one page of the event log. */
export async function readEventPage(
  client: ApiClient,
  filter: EventFilter,
  signal: AbortSignal,
): Promise<readonly LoggedEvent[]> {
  return toList(await client.get("/api/v1/events", { ...filter }, signal), "events").map(parseEvent);
}

/** The place of the newest event that the caller may see; 0 for none. */
export async function newestPlace(client: ApiClient, signal: AbortSignal): Promise<number> {
  const [newest] = await readEventPage(client, { limit: 1, order: "newest-first" }, signal);
  return newest?.seq ?? 0;
}

/**
 * Every event after `since`, as it happens, until the signal fires. Takes the watch up where it broke.
 *
 * @throws {Fault} `cli.server-unreachable` when the server stays away.
 */
export async function* watchEvents(
  context: CommandContext,
  client: ApiClient,
  since: number,
): AsyncGenerator<LoggedEvent> {
  let place = since;
  for (let failures = 0; !context.signal.aborted; failures += 1) {
    try {
      for await (const message of readEventStream(
        await client.stream("/api/v1/watch", { since: place }, context.signal),
      )) {
        if (message.event === "error") continue;
        const event = parseEvent(parseJson(message.data));
        place = event.seq;
        failures = 0;
        yield event;
      }
    } catch (error) {
      if (context.signal.aborted) return;
      if (failures >= mostReconnects || !isBreak(error)) throw error;
    }
    await context.pause(reconnectPauseMs, context.signal);
  }
}

/** Whether trying again may help: the connection broke, or nothing listened. */
function isBreak(error: unknown): boolean {
  if (isFault(error, "cli.server-unreachable")) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

function parseEvent(value: unknown): LoggedEvent {
  const parsed = loggedEventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault(
    "cli.answer-invalid",
    "the server sent an event of another shape; is this program as new as the server?",
    {
      cause: parsed.error,
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
