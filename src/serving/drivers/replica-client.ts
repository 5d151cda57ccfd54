import { type Dispatcher, Pool } from "undici";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { ReplicaRequest } from "../gateway/replica-request.ts";
import type { TabularReplica, RoutingTable } from "../gateway/routing-table.ts";
import { jsonLengthHeader } from "../infer-request.ts";

/** How long a replica may take to accept a connection. */
const connectTimeoutMs: Millis = 1_000;

/** How long a replica may take to answer. */
const answerTimeoutMs: Millis = 10_000;

/** Connections to one replica. */
const maxConnections = 64;

/** A replica's answer. */
export interface ReplicaAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Sends requests to replicas over their Unix sockets, always to the one with the least under way. */
export class ReplicaClient {
  readonly #pools = new Map<string, Pool>();
  readonly #underWay = new Map<string, number>();
  #turn = 0;

  /**
   * Asks one of the replicas; another one only when no byte of an answer has come.
   *
   * @throws {Fault} `serving.replica-unreachable` when none answered, `serving.timeout` when one took too long.
   */
  async ask(
    replicas: readonly TabularReplica[],
    path: string,
    request: ReplicaRequest,
    signal: AbortSignal,
  ): Promise<ReplicaAnswer> {
    const left = [...replicas];
    let lastError: unknown;
    while (left.length > 0) {
      const index = this.#leastBusy(left);
      const [replica] = left.splice(index, 1);
      if (replica === undefined) break;
      try {
        return await this.#send(replica, path, request, signal);
      } catch (error) {
        if (!(error instanceof UnansweredError)) throw error;
        lastError = error.cause;
      }
    }
    throw new Fault(
      "serving.replica-unreachable",
      `none of ${replicas.length} replicas answered (${lastError instanceof Error ? lastError.message : "there is none"}); try again in a moment`,
      { cause: lastError },
    );
  }

  /** Closes connections to replicas that the table no longer names, once what is under way has ended. */
  retain(table: RoutingTable): void {
    const sockets = new Set(
      table.routes.flatMap((route) =>
        route.kind === "tabular"
          ? route.versions.flatMap((version) => version.replicas.map((replica) => replica.socket))
          : [],
      ),
    );
    for (const [socket, pool] of this.#pools) {
      if (sockets.has(socket)) continue;
      this.#pools.delete(socket);
      this.#underWay.delete(socket);
      pool.close().catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  #leastBusy(replicas: readonly TabularReplica[]): number {
    this.#turn += 1;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let step = 0; step < replicas.length; step += 1) {
      const index = (step + this.#turn) % replicas.length;
      const busy = this.#underWay.get(replicas[index]?.socket ?? "") ?? 0;
      if (busy < least) {
        least = busy;
        best = index;
      }
    }
    return best;
  }

  #poolOf(socket: string): Pool {
    const known = this.#pools.get(socket);
    if (known !== undefined) return known;
    const pool = new Pool("http://replica", {
      connect: { socketPath: socket, timeout: connectTimeoutMs },
      connections: maxConnections,
      pipelining: 1,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
    });
    this.#pools.set(socket, pool);
    return pool;
  }

  #send(replica: TabularReplica, path: string, request: ReplicaRequest, signal: AbortSignal): Promise<ReplicaAnswer> {
    const { socket } = replica;
    this.#underWay.set(socket, (this.#underWay.get(socket) ?? 0) + 1);
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (request.jsonBytes !== null) headers[jsonLengthHeader] = String(request.jsonBytes);
    return new Promise<ReplicaAnswer>((resolve, reject) => {
      const options: Dispatcher.DispatchOptions = { method: "POST", path, headers, body: request.body };
      this.#poolOf(socket).dispatch(options, answerHandler(signal, resolve, reject));
    }).finally(() => {
      this.#underWay.set(socket, (this.#underWay.get(socket) ?? 1) - 1);
    });
  }
}

/** No byte of an answer came: the request may be sent to another replica. */
class UnansweredError extends Error {}

function answerHandler(
  signal: AbortSignal,
  resolve: (answer: ReplicaAnswer) => void,
  reject: (error: unknown) => void,
): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = [];
  let status = 0;
  let stopListening = (): void => undefined;
  return {
    onRequestStart(controller) {
      const abort = (): void => controller.abort(new Error("the caller went away"));
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      stopListening = () => signal.removeEventListener("abort", abort);
    },
    onResponseStart(_controller, statusCode) {
      status = statusCode;
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      stopListening();
      const [only] = chunks;
      resolve({ status, body: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
    },
    onResponseError(_controller, error) {
      stopListening();
      if (signal.aborted) reject(error);
      else if ("code" in error && error.code === "UND_ERR_HEADERS_TIMEOUT") reject(tooSlow(error));
      else if (status === 0) reject(new UnansweredError(error.message, { cause: error }));
      else
        reject(
          new Fault("serving.replica-unreachable", `the replica broke off its answer: ${error.message}`, {
            cause: error,
          }),
        );
    },
  };
}

function tooSlow(cause: Error): Fault {
  return new Fault(
    "serving.timeout",
    `a replica wants to answer within ${answerTimeoutMs} ms and did not; send fewer rows at a time`,
    {
      cause,
    },
  );
}
