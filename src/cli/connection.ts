import { Fault } from "../base/fault.ts";
import { type ApiClient, makeApiClient } from "./api-client.ts";
import { isProcessAlive, readAdminKey, readServerState } from "./server-state.ts";

/** Where a command was told to look for its server. */
export interface ConnectionOptions {
  readonly server: string | undefined;
  readonly key: string | undefined;
  readonly dataDirectory: string;
}

/**
 * Finds the server: the address that was given, else the one that runs on the data directory.
 *
 * The admin key of the data directory is sent to that directory's own server only, never to another address.
 *
 * @throws {Fault} `cli.server-missing` when no server runs there.
 */
export async function connect(options: ConnectionOptions): Promise<ApiClient> {
  const state = await readServerState(options.dataDirectory);
  const isOwn = options.server === undefined || options.server.replace(/\/+$/, "") === state?.controlUrl;
  if (options.server !== undefined && !isOwn) return makeApiClient(checkAddress(options.server), options.key);

  if (options.server === undefined && (state === undefined || !isProcessAlive(state.pid))) {
    const found = state === undefined ? "" : ` (the last one, pid ${state.pid}, is gone)`;
    const message = `no server runs on ${options.dataDirectory}${found}; start one with: millwright up`;
    throw new Fault("cli.server-missing", message, { details: { dataDirectory: options.dataDirectory } });
  }
  const address = options.server ?? state?.controlUrl ?? "";
  return makeApiClient(checkAddress(address), options.key ?? (await readAdminKey(options.dataDirectory)));
}

function checkAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return address;
  throw new Fault("cli.argument-invalid", `"${address}" is no server address; write one such as http://127.0.0.1:7700`);
}
