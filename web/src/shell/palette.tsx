import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useMemo, useState } from "react";
import { matchesFilter } from "../words/url-state.ts";
import { type Destination, useDestinations } from "./destinations.ts";

const shownDestinations = 60;

/** A search over pages and resources, opened by ⌘K: type, choose with the arrows, Enter goes there. */
export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const destinations = useDestinations();
  const navigate = useNavigate();
  const found = useMemo(
    () => destinations.filter((each) => matchesFilter(text, [each.label, each.what])).slice(0, shownDestinations),
    [destinations, text],
  );
  const go = (destination: Destination | undefined): void => {
    if (destination === undefined) return;
    onClose();
    void navigate({ to: destination.path });
  };
  const onKey = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((before) => Math.max(0, Math.min(found.length - 1, before + step)));
    } else if (event.key === "Enter") go(found[chosen]);
    else if (event.key === "Escape") onClose();
  };
  return (
    <>
      <div className="overlay" style={{ zIndex: 30 }} onClick={onClose} aria-hidden="true" />
      <div className="palette" role="dialog" aria-label="Go to">
        <input
          autoFocus
          aria-label="Go to"
          placeholder="Go to a page, dataset, model, deployment…"
          value={text}
          onKeyDown={onKey}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
        />
        <div className="list" role="listbox" aria-label="Destinations">
          {found.map((each, index) => (
            <button
              type="button"
              tabIndex={-1}
              key={each.path}
              role="option"
              aria-selected={index === chosen}
              onMouseMove={() => setChosen(index)}
              onClick={() => go(each)}
            >
              {each.label}
              <span className="what">{each.what}</span>
            </button>
          ))}
          {found.length === 0 && (
            <p className="muted" style={{ padding: 10 }}>
              Nothing of that name
            </p>
          )}
        </div>
      </div>
    </>
  );
}
