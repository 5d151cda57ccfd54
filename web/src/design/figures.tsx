import type { ReactNode } from "react";

/** One figure with its name. */
export interface FigureFact {
  readonly label: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

/** A band of figures. */
export function Figures({ facts }: { readonly facts: readonly FigureFact[] }): ReactNode {
  return (
    <div className="figures">
      {facts.map((fact) => (
        <div key={fact.label} className="figure">
          <div className="label">{fact.label}</div>
          <div className="value">{fact.value}</div>
          {fact.note !== undefined && <div className="note">{fact.note}</div>}
        </div>
      ))}
    </div>
  );
}

/** Names and values below each other. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
