import type { LoggedEvent } from "../../platform/event.ts";
import { type CommandContext, printJsonLine } from "../command-context.ts";
import { type EventFilter, newestPlace, readEventPage, watchEvents } from "../event-feed.ts";
import { renderEventLine, renderEvents } from "../event-line.ts";
import { exitCodes } from "../exit-code.ts";

export interface EventsInput {
  readonly follow?: boolean;
  readonly kind?: string;
  readonly name?: string;
  /** One verb or several, joined by commas. */
  readonly verb?: string;
  readonly actor?: string;
  readonly limit: number;
  /** Show what came after this place. */
  readonly after?: number;
}

/** Shows the newest events, oldest first; with `--follow` goes on as they happen. */
export async function events(context: CommandContext, input: EventsInput): Promise<number> {
  const client = await context.connect();
  const filter: EventFilter = {
    kind: input.kind,
    name: input.name,
    verb: input.verb,
    actor: input.actor,
    project: context.project,
    after: input.after,
    limit: input.limit,
    order: input.after === undefined ? "newest-first" : "oldest-first",
  };
  const place = input.follow === true ? await newestPlace(client, context.signal) : 0;
  const page = await readEventPage(client, filter, context.signal);
  const ordered = [...page].sort((left, right) => left.seq - right.seq);
  showPage(context, ordered, input.follow === true);
  if (input.follow !== true) return exitCodes.ok;

  const since = Math.max(place, ordered.at(-1)?.seq ?? 0);
  for await (const event of watchEvents(context, client, since)) {
    if (isWanted(event, filter)) showEvent(context, event);
  }
  return exitCodes.ok;
}

function showPage(context: CommandContext, page: readonly LoggedEvent[], isStream: boolean): void {
  if (context.format === "text" && !isStream) {
    if (page.length === 0) context.terminal.say("no such events");
    const { width, paint } = context.terminal;
    if (page.length > 0) {
      for (const line of renderEvents(page, { now: context.clock.now(), width, paint })) context.terminal.print(line);
    }
    return;
  }
  for (const event of page) showEvent(context, event);
}

function showEvent(context: CommandContext, event: LoggedEvent): void {
  if (context.format === "json") printJsonLine(context, { ...event });
  else if (context.format === "quiet") context.terminal.print(String(event.seq));
  else context.terminal.print(renderEventLine(event, context.terminal.paint));
}

function isWanted(event: LoggedEvent, filter: EventFilter): boolean {
  return (
    (filter.kind === undefined || event.subject.kind === filter.kind) &&
    (filter.name === undefined || event.subject.name === filter.name) &&
    (filter.verb === undefined || filter.verb.split(",").includes(event.verb)) &&
    (filter.actor === undefined || event.actor === filter.actor) &&
    (filter.project === undefined || event.subject.project === filter.project)
  );
}
