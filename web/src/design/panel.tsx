import type { ReactNode } from "react";

/** A framed part of a page with a heading. `flush` bodies (tables) reach the frame. */
export function Panel({
  title,
  note,
  actions,
  flush = false,
  children,
}: {
  readonly title?: ReactNode;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="panel">
      {title !== undefined && (
        <header>
          <h2>{title}</h2>
          {note !== undefined && <span className="muted cut">{note}</span>}
          {actions !== undefined && <div className="actions">{actions}</div>}
        </header>
      )}
      <div className={flush ? "body flush scroll" : "body"}>{children}</div>
    </section>
  );
}
