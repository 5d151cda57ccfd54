import type { ReactNode } from "react";
import { markOf, type Tone, toneOf } from "../words/state-tone.ts";

/** A state word in its colour and with its shape. */
export function StateBadge({
  state,
  tone = toneOf(state),
  title,
}: {
  readonly state: string;
  readonly tone?: Tone;
  readonly title?: string | undefined;
}): ReactNode {
  return (
    <span className={`badge ${tone}`} title={title}>
      <span className="mark" aria-hidden="true">
        {markOf(tone)}
      </span>
      {state.toLowerCase() === state ? state : state.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()}
    </span>
  );
}

/** The mark of a tone alone, for tight places; `title` says what it means. */
export function StateMark({ tone, title }: { readonly tone: Tone; readonly title: string }): ReactNode {
  return (
    <span className={tone} title={title} role="img" aria-label={title}>
      {markOf(tone)}
    </span>
  );
}
