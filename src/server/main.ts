import { type RunningServer, startServer } from "./start-server.ts";

/** After this, a stop that hangs is ended. */
const stopLimitMs = 10_000;

/** What the command line decides; the rest comes from the environment and defaults. */
export interface ServerOptions {
  readonly dataDir?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly gatewayPort?: number | undefined;
  /** Processes that serve; 1 unless given. */
  readonly gatewayWorkers?: number | undefined;
  readonly databaseUrl?: string | undefined;
  readonly dataRoots?: readonly string[] | undefined;
  /** Called once it serves, with its addresses. */
  readonly onReady?: ((server: RunningServer) => void) | undefined;
}

/** Runs a server in this process until SIGTERM or SIGINT; a second signal ends it at once. */
export async function runServer(options: ServerOptions): Promise<void> {
  const { onReady, ...given } = options;
  const asked = Promise.withResolvers<void>();
  let count = 0;
  const onSignal = (): void => {
    count += 1;
    if (count > 1) process.exit(130);
    asked.resolve();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const server = await startServer(given);
  onReady?.(server);
  await asked.promise;
  setTimeout(() => process.exit(1), stopLimitMs).unref();
  await server.stop();
  process.off("SIGTERM", onSignal);
  process.off("SIGINT", onSignal);
}
