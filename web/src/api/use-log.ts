import { useEffect, useState } from "react";
import { openStream, withQuery } from "./client.ts";
import { projectPath } from "./resources.ts";

/** The most characters of a log that the page keeps; older ones are dropped. */
const keptCharacters = 200_000;
const flushMs = 200;

/** A log as far as it is known; `error` says why there is none. */
export interface LogText {
  readonly text: string;
  readonly isOpen: boolean;
  readonly error: unknown;
}

/** Follows the log of a workload while the page shows it. */
export function useLog(project: string, workload: string): LogText {
  const [log, setLog] = useState<LogText>({ text: "", isOpen: true, error: null });
  useEffect(() => {
    const stop = new AbortController();
    let text = "";
    let timer: ReturnType<typeof setTimeout> | null = null;
    const show = (): void => {
      timer ??= setTimeout(() => {
        timer = null;
        setLog({ text, isOpen: true, error: null });
      }, flushMs);
    };
    const follow = async (): Promise<void> => {
      const path = withQuery(`${projectPath(project)}/workloads/${encodeURIComponent(workload)}/logs`, {
        follow: "true",
      });
      const reader = (await openStream(path, "text/plain", stop.signal)).getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text = (text + decoder.decode(value, { stream: true })).slice(-keptCharacters);
        show();
      }
    };
    follow()
      .then(() => {
        if (timer !== null) clearTimeout(timer);
        setLog({ text, isOpen: false, error: null });
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setLog({ text, isOpen: false, error });
      });
    return () => {
      stop.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [project, workload]);
  return log;
}
