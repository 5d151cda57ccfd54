import { type Dispatcher, Pool } from "undici";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import type { ModelReplica, RoutingTable } from "../gateway/routing-table.ts";

/** How long a connection to a replica is kept when it has nothing to do. */
const idleConnectionMs = 30_000;

/** A request to a replica; the length of a body in parts is among its headers. */
interface UpstreamOptions extends Omit<Dispatcher.DispatchOptions, "body"> {
  readonly body?: Uint8Array | readonly Uint8Array[];
}

interface Upstream {
  readonly dispatcher: Pool;
  /** What stands before the protocol's path, such as `/engines/a`; mostly nothing. */
  readonly prefix: string;
}

/** Connections to the replicas of models, by address. */
export class UpstreamPools {
  readonly #limits: GatewayLimits;
  readonly #upstreams = new Map<string, Upstream>();

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** Sends a request to a replica; `path` begins with the protocol's own path. */
  dispatch(replica: Pick<ModelReplica, "address">, asked: UpstreamOptions, handler: Dispatcher.DispatchHandler): void {
    const { dispatcher, prefix } = this.#upstreamOf(replica.address);
    // The client sends any iterable of bytes, which its types do not say.
    const body: unknown = asked.body ?? null;
    const options = {
      ...asked,
      body: body as Exclude<Dispatcher.DispatchOptions["body"], undefined>,
      path: prefix + asked.path,
    };
    dispatcher.dispatch(options, handler);
  }

  /** Closes connections to replicas that the table no longer names, once what is under way has ended. */
  retain(table: Pick<RoutingTable, "routes">): void {
    const kept = new Set<string>();
    for (const route of table.routes) {
      if (route.kind !== "model") continue;
      for (const version of route.versions) for (const replica of version.replicas) kept.add(keyOf(replica.address));
    }
    for (const [key, upstream] of this.#upstreams) {
      if (kept.has(key)) continue;
      this.#upstreams.delete(key);
      upstream.dispatcher.close().catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#upstreams.values()].map(({ dispatcher }) => dispatcher.destroy()));
    this.#upstreams.clear();
  }

  #upstreamOf(address: ModelReplica["address"]): Upstream {
    const key = keyOf(address);
    const known = this.#upstreams.get(key);
    if (known !== undefined) return known;
    const upstream = this.#open(address);
    this.#upstreams.set(key, upstream);
    return upstream;
  }

  #open(address: ModelReplica["address"]): Upstream {
    const { connectMs, firstByteMs, idleMs, upstreamConnections, upstreamHeaderBytes } = this.#limits;
    const url = address.kind === "unix" ? new URL("http://replica") : new URL(address.url);
    const dispatcher = new Pool(url.origin, {
      connect: { timeout: connectMs, ...(address.kind === "unix" ? { socketPath: address.path } : {}) },
      connections: upstreamConnections,
      pipelining: 1,
      keepAliveTimeout: idleConnectionMs,
      headersTimeout: firstByteMs,
      bodyTimeout: idleMs,
      maxHeaderSize: upstreamHeaderBytes,
    });
    return { dispatcher, prefix: url.pathname === "/" ? "" : url.pathname };
  }
}

function keyOf(address: ModelReplica["address"]): string {
  return address.kind === "unix" ? `unix:${address.path}` : address.url;
}
