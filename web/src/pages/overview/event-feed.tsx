import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useEvents } from "../../api/platform.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { SkeletonLines } from "../../design/skeleton.tsx";
import { When } from "../../design/when.tsx";

const shownEvents = 14;

/** The newest events, one line each. */
export function EventFeed({ project }: { readonly project: string | undefined }): ReactNode {
  const query = useEvents({ project }, shownEvents);
  if (query.error !== null) return <FailureNotice error={query.error} />;
  const events = query.data?.pages[0]?.events;
  if (events === undefined) return <SkeletonLines />;
  if (events.length === 0) {
    return <EmptyState title="Nothing happened yet" command="millwright apply -f examples/flights" />;
  }
  return (
    <ul className="feed" style={{ padding: "6px 0" }}>
      {events.map((event) => (
        <li key={event.seq}>
          <When at={event.at} />
          <Link
            to="/events"
            search={{ open: String(event.seq) }}
            className="cut"
            style={{ color: "inherit" }}
            title={event.message}
          >
            <strong>{event.subject.kind}</strong> {event.subject.name} {event.verb}
            <span className="muted"> · {event.message === "" ? event.actor : event.message}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
