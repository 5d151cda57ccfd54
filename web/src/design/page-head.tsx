import { type ReactNode, useEffect } from "react";

/** The heading of a page, what it lies under, and what can be done; sets the window's title too. */
export function PageHead({
  title,
  crumbs,
  badge,
  actions,
}: {
  readonly title: string;
  readonly crumbs?: ReactNode;
  readonly badge?: ReactNode;
  readonly actions?: ReactNode;
}): ReactNode {
  useEffect(() => {
    document.title = `${title} · Millwright`;
  }, [title]);
  return (
    <div className="page-head">
      <div>
        {crumbs !== undefined && <div className="crumbs">{crumbs}</div>}
        <div className="row">
          <h1>{title}</h1>
          {badge}
        </div>
      </div>
      {actions !== undefined && <div className="actions">{actions}</div>}
    </div>
  );
}
