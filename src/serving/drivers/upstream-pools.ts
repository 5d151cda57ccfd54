import type { NetConnectOpts } from "node:net";
import { Readable } from "node:stream";
import { type Dispatcher, Pool } from "undici";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import type { ModelReplica, RoutingTable } from "../gateway/routing-table.ts";
import { headerPairs } from "./upstream-head.ts";
import { UpstreamClient, type UpstreamRequestOptions } from "./upstream-client.ts";
import type { UpstreamGuard, UpstreamJudge } from "./upstream-guard.ts";

/** How long a connection to a replica is kept when it has nothing to do. */
const idleConnectionMs = 30_000;

/** How often the limits of all connections are looked after; they are kept to within twice this. */
const lookMs = 50;

/** Bytes that one read of a connection takes at most. */
const readBytes = 64 * 1024;

/** A body in parts up to this size is joined: a stream of them costs more than the copy. */
const joinedBytesMax = 16 * 1024;

interface Upstream {
  /** Over TLS, undici's pool; else our own client, which costs less. */
  readonly client: UpstreamClient | Pool;
  /** What stands before the protocol's path, such as `/engines/a`; mostly nothing. */
  readonly prefix: string;
}

/** Connections to the replicas of models, by address. */
export class UpstreamPools {
  readonly #limits: GatewayLimits;
  readonly #guard: Pick<UpstreamGuard, "judge" | "connector">;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #readBuffer = Buffer.allocUnsafe(readBytes);
  /** Those of replicas that the table no longer names among them, until their last connection has ended. */
  readonly #clients = new Set<UpstreamClient>();
  #lookedAt = performance.now();
  #looks: NodeJS.Timeout | undefined;

  /** @param guard judges the addresses that users named. */
  constructor(limits: GatewayLimits, guard: Pick<UpstreamGuard, "judge" | "connector">) {
    this.#limits = limits;
    this.#guard = guard;
  }

  /** Sends a request to a replica; `path` begins with the protocol's own path. */
  dispatch(
    replica: Pick<ModelReplica, "address">,
    options: UpstreamRequestOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const { client, prefix } = this.#upstreamOf(replica.address);
    const path = prefix + options.path;
    if (client instanceof UpstreamClient) client.dispatch({ ...options, path }, handler);
    else client.dispatch(poolOptions(options, path), handler);
  }

  /** Closes connections to replicas that the table no longer names, once what is under way has ended. */
  retain(table: Pick<RoutingTable, "routes">): void {
    const kept = new Set<string>();
    for (const route of table.routes) {
      if (route.kind !== "model") continue;
      for (const version of route.versions) for (const replica of version.replicas) kept.add(keyOf(replica.address));
    }
    for (const [key, { client }] of this.#upstreams) {
      if (kept.has(key)) continue;
      this.#upstreams.delete(key);
      if (client instanceof UpstreamClient) client.close();
      else client.close().catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#looks);
    for (const client of this.#clients) client.destroy();
    await Promise.all(
      [...this.#upstreams.values()].map(async ({ client }) => {
        if (client instanceof Pool) await client.destroy();
      }),
    );
    this.#upstreams.clear();
    this.#clients.clear();
  }

  #look(): void {
    const now = performance.now();
    const slackMs = now - this.#lookedAt;
    this.#lookedAt = now;
    for (const client of this.#clients) {
      client.look(now, slackMs);
      if (client.isOver) this.#clients.delete(client);
    }
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
    const url = address.kind === "unix" ? new URL("http://replica") : new URL(address.url);
    const prefix = url.pathname === "/" ? "" : url.pathname;
    const isJudged = address.kind === "http" && address.isExternal === true;
    if (url.protocol !== "http:") return { client: this.#openPool(url, isJudged), prefix };
    const judge = isJudged ? this.#guard.judge(url) : null;
    const own: NetConnectOpts =
      address.kind === "unix"
        ? { path: address.path }
        : { host: hostOf(url), port: Number(url.port || 80), ...(judge === null ? {} : { lookup: judge.lookUp }) };
    return { client: this.#openClient(own, url.host, judge), prefix };
  }

  #openClient(address: NetConnectOpts, host: string, judge: UpstreamJudge | null): UpstreamClient {
    const { connectMs, firstByteMs, idleMs, upstreamConnections, upstreamHeaderBytes } = this.#limits;
    const client = new UpstreamClient(
      {
        address,
        refusal: judge?.refusal ?? null,
        host,
        maxConnections: upstreamConnections,
        headMs: firstByteMs,
        silentMs: idleMs,
      },
      {
        connectMs,
        idleMs: idleConnectionMs,
        headBytes: upstreamHeaderBytes,
        readBuffer: this.#readBuffer,
        lookedAt: () => this.#lookedAt,
      },
    );
    this.#clients.add(client);
    this.#looks ??= setInterval(() => this.#look(), lookMs).unref();
    return client;
  }

  #openPool(url: URL, isJudged: boolean): Pool {
    const { connectMs, firstByteMs, idleMs, upstreamConnections, upstreamHeaderBytes } = this.#limits;
    return new Pool(url.origin, {
      connect: isJudged ? this.#guard.connector(url, connectMs) : { timeout: connectMs },
      connections: upstreamConnections,
      pipelining: 1,
      keepAliveTimeout: idleConnectionMs,
      headersTimeout: firstByteMs,
      bodyTimeout: idleMs,
      maxHeaderSize: upstreamHeaderBytes,
    });
  }
}

/** A request as undici takes it: of parts it must be told the length. */
function poolOptions({ body = null, ...options }: UpstreamRequestOptions, path: string): Dispatcher.DispatchOptions {
  const headers = [...headerPairs(options.headers)];
  if (body === null || body instanceof Uint8Array) return { ...options, headers, body, path };
  const bytes = body.reduce((sum, part) => sum + part.byteLength, 0);
  if (bytes <= joinedBytesMax) return { ...options, headers, body: Buffer.concat(body, bytes), path };
  headers.push("content-length", String(bytes));
  return { ...options, headers, body: Readable.from(body), path };
}

function keyOf(address: ModelReplica["address"]): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.isExternal === true ? `external:${address.url}` : address.url;
}

/** A host's address without the brackets that a URL has around one of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
}
