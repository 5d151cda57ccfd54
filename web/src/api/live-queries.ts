import type { QueryClient } from "@tanstack/react-query";
import { affectedQueries } from "./affected-queries.ts";
import { setLiveState } from "./live-state.ts";
import { EventWatch } from "./live-stream.ts";
import { readStatus } from "./platform.ts";
import { StaleQueries } from "./stale-queries.ts";

/**
 * Keeps what pages show true: watches the event log from its end on and asks again for what each event
 * concerns. After a loss everything is asked for again. Runs until `signal` fires.
 */
export async function keepQueriesLive(queries: QueryClient, signal: AbortSignal): Promise<void> {
  const stale = new StaleQueries();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = (): void => {
    timer = null;
    for (const name of stale.take(Date.now())) void queries.invalidateQueries({ queryKey: [name] });
    waitForNext();
  };
  const waitForNext = (): void => {
    if (timer !== null) clearTimeout(timer);
    const { nextAt } = stale;
    timer = nextAt === null ? null : setTimeout(flush, Math.max(0, nextAt - Date.now()));
  };
  const since = await readStatus(signal)
    .then((status) => status.logSize)
    .catch(() => null);
  let wasLost = false;
  const watch = new EventWatch(since, {
    onEvent: (kind) => {
      stale.note(affectedQueries({ subject: { kind } }), Date.now());
      waitForNext();
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
