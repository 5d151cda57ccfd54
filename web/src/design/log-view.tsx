import { type ReactNode, useEffect, useRef } from "react";
import { useLog } from "../api/use-log.ts";
import { FailureNotice } from "./failure-notice.tsx";

const nearEndPixels = 40;

/** The log of a workload as it grows; it stays at the end unless the reader scrolled up. */
export function LogView({ project, workload }: { readonly project: string; readonly workload: string }): ReactNode {
  const log = useLog(project, workload);
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [log.text]);
  if (log.error !== null) return <FailureNotice error={log.error} />;
  return (
    <section className="panel">
      <header>
        <h2>Log</h2>
        <span className="muted">{log.isOpen ? "following" : "ended"}</span>
      </header>
      <pre
        ref={box}
        className="log"
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearEndPixels;
        }}
      >
        {log.text === "" ? (log.isOpen ? "Waiting for the first line…" : "It wrote nothing.") : log.text}
      </pre>
    </section>
  );
}
