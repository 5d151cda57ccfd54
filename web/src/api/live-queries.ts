import type { QueryClient } from "@tanstack/react-query";
import { affectedQueries } from "./affected-queries.ts";
import { setLiveState } from "./live-state.ts";
import { EventWatch } from "./live-stream.ts";
import { readStatus } from "./platform.ts";

/** Events within this span make one round of queries. */
const gatherMs = 300;

/**
 * Keeps what pages show true: watches the event log from its end on and asks again for what each event
 * concerns. After a loss everything is asked for again. Runs until `signal` fires.
 */
export async function keepQueriesLive(queries: QueryClient, signal: AbortSignal): Promise<void> {
  const stale = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = (): void => {
    timer = null;
    for (const name of stale) void queries.invalidateQueries({ queryKey: [name] });
    stale.clear();
  };
  const since = await readStatus(signal)
    .then((status) => status.logSize)
    .catch(() => null);
  let wasLost = false;
  const watch = new EventWatch(since, {
    onEvent: (kind) => {
      for (const name of affectedQueries({ subject: { kind } })) stale.add(name);
      timer ??= setTimeout(flush, gatherMs);
    },
    onState: (state) => {
      if (state.kind === "live" && wasLost) void queries.invalidateQueries();
      wasLost = state.kind === "reconnecting";
      setLiveState(state);
    },
  });
  await watch.run(signal);
  if (timer !== null) clearTimeout(timer);
}
