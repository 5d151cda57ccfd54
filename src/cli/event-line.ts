import type { Instant } from "../base/clock.ts";
import type { LoggedEvent } from "../platform/event.ts";
import { formatAge } from "./relative-time.ts";
import { type Paint, renderTable, type TableCell, type TableColumn } from "./table.ts";
import { toneOf } from "./tone.ts";

const columns: readonly TableColumn[] = [
  { heading: "SEQ", align: "right", canShrink: false },
  { heading: "AGE", align: "left", canShrink: false },
  { heading: "SUBJECT", align: "left", canShrink: false },
  { heading: "VERB", align: "left", canShrink: false },
  { heading: "BY", align: "left", canShrink: true },
  { heading: "MESSAGE", align: "left", canShrink: true },
];

/** Draws events as a table. */
export function renderEvents(
  events: readonly LoggedEvent[],
  options: { readonly now: Instant; readonly width: number; readonly paint: Paint },
): readonly string[] {
  const rows = events.map((event): readonly TableCell[] => [
    { text: String(event.seq), tone: "dim" },
    { text: formatAge(options.now - event.at), tone: "plain" },
    { text: subjectText(event), tone: "plain" },
    { text: event.verb, tone: toneOf(event.verb) },
    { text: event.actor, tone: "dim" },
    { text: event.message, tone: "plain" },
  ]);
  return renderTable(columns, rows, options);
}

/** Writes one event as one line, for a stream: the time of day in UTC, who, what. */
export function renderEventLine(event: LoggedEvent, paint: Paint): string {
  const time = new Date(event.at).toISOString().slice(11, 23);
  const verb = paint(event.verb, toneOf(event.verb));
  return `${paint(time, "dim")}  ${subjectText(event)}  ${verb}  ${event.message}  ${paint(`(${event.actor})`, "dim")}`;
}

function subjectText(event: LoggedEvent): string {
  return `${event.subject.kind}/${event.subject.name}`;
}
