import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useStatus } from "../api/platform.ts";
import { Elapsed } from "../design/when.tsx";
import { useUrlState } from "../design/use-url-state.ts";
import { Icon, WheelMark } from "./icons.tsx";
import { places } from "./places.ts";
import { useNeeds } from "./needs.ts";

/** The left navigation, with the number of things that wait for a person. */
export function Navigation(): ReactNode {
  const status = useStatus();
  const { state } = useUrlState();
  const needs = useNeeds(state["project"]);
  const search = state["project"] === undefined ? {} : { project: state["project"] };
  return (
    <div className="brand">
      <Link to="/" search={search} className="name">
        <WheelMark />
        <span>Millwright</span>
      </Link>
      <nav aria-label="Pages">
        {places.map((place) => (
          <Link
            key={place.path}
            to={place.path}
            search={search}
            activeOptions={{ exact: place.path === "/", includeSearch: false }}
            title={`${place.label} (g ${place.letter})`}
          >
            <Icon name={place.icon} />
            <span>{place.label}</span>
            {place.path === "/" && needs.length > 0 ? (
              <span className="count" title="Things that need a person">
                {needs.length}
              </span>
            ) : (
              <kbd className="hint">g {place.letter}</kbd>
            )}
          </Link>
        ))}
      </nav>
      <footer>
        <div>Version {status.data?.version ?? "…"}</div>
        <div>
          Up for <Elapsed from={status.data?.startedAt ?? null} to={null} />
        </div>
      </footer>
    </div>
  );
}
