import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { markOf } from "../../words/state-tone.ts";
import type { Stage } from "./chain.ts";
import "./overview.css";

/** The stages side by side, joined by arrows; a stage at work moves. */
export function ChainStrip({ stages }: { readonly stages: readonly Stage[] }): ReactNode {
  return (
    <div className="chain" aria-label="From data to watching">
      {stages.map((stage, index) => (
        <Fragment key={stage.name}>
          {index > 0 && <ChainArrow isMoving={stage.tone === "running"} />}
          <Link to={stage.path} className={`chain-stage ${stage.tone}`}>
            <span className="chain-name">
              <span aria-hidden="true">{markOf(stage.tone)}</span> {stage.name}
            </span>
            <span className="chain-headline">{stage.headline}</span>
            <span className="chain-detail cut" title={stage.detail}>
              {stage.detail}
            </span>
          </Link>
        </Fragment>
      ))}
    </div>
  );
}

function ChainArrow({ isMoving }: { readonly isMoving: boolean }): ReactNode {
  return (
    <svg
      className={`chain-arrow ${isMoving ? "moving" : ""}`}
      viewBox="0 0 24 12"
      width="24"
      height="12"
      aria-hidden="true"
    >
      <path d="M0 6h20M15 1l6 5-6 5" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}
