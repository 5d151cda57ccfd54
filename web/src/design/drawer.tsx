import { type ReactNode, useEffect, useRef } from "react";

/** A sheet over the page for the details of one row; Escape or a press beside it closes it. */
export function Drawer({
  title,
  badge,
  onClose,
  children,
}: {
  readonly title: string;
  readonly badge?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const sheet = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);
  useEffect(() => {
    const before = document.activeElement;
    sheet.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <>
      <div className="overlay" onClick={onClose} aria-hidden="true" />
      <aside ref={sheet} className="drawer" role="dialog" aria-label={title} tabIndex={-1}>
        <header>
          <h2 className="cut">{title}</h2>
          {badge}
          <span className="grow" />
          <button type="button" className="button quiet" onClick={onClose} aria-label="Close">
            ✕
          </button>
        </header>
        <div className="content">{children}</div>
      </aside>
    </>
  );
}
