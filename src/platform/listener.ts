import pg from "pg";
import type { Log } from "./ports.ts";

const reconnectMs = 500;

/** A connection that hears notifications, and comes back by itself. */
export interface Listener {
  stop(): Promise<void>;
}

/**
 * Calls `onNotify` at every notification on `channel`, and once after each (re)connect, since some may have been
 * missed in between.
 */
export function listen(url: string, channel: string, onNotify: () => void, log: Log): Listener {
  let client: pg.Client | undefined;
  let isStopped = false;
  let retry: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    if (isStopped) return;
    const next = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      application_name: "millwright-listener",
    });
    client = next;
    let isOver = false;
    const over = (): void => {
      if (isOver || isStopped) return;
      isOver = true;
      retry = setTimeout(connectAgain, reconnectMs);
    };
    next.on("error", (error) => {
      log.debug("notification connection failed", { error: error.message });
      over();
    });
    next.on("end", over);
    next.on("notification", onNotify);
    try {
      await next.connect();
      await next.query(`listen ${pg.escapeIdentifier(channel)}`);
      onNotify();
    } catch (error) {
      log.debug("notification connection could not be made", { error: String(error) });
      over();
    }
  };

  // `connect` reports its own failures and comes back by itself.
  const connectAgain = (): void => {
    connect().catch((error: unknown) => log.error("notification connection gave up", { error: String(error) }));
  };
  connectAgain();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
