import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, Server as ConnectionServer, type Socket } from "node:net";
import { Fault } from "../../base/fault.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import { openMetricsType, toOpenMetrics } from "../gateway/observe/open-metrics.ts";
import { type OpenAiPath, parseOpenAiPath } from "../gateway/protocol/openai-path.ts";
import { GatewayPaths, type GatewayPathsGround, maxBodyBytes } from "./gateway-paths.ts";
import { idleGraceMs } from "./front-connection.ts";
import { grpcMethods } from "./grpc-methods.ts";
import type { FrontExchange } from "./front-exchange.ts";
import { GatewayFront } from "./gateway-front.ts";
import { GrpcServer } from "./grpc-server.ts";
import { guardConnections } from "./guard-connections.ts";
import type { OpenAiServer } from "./openai-server.ts";
import { Intake } from "./intake.ts";
import { openDoor } from "./protocol-door.ts";
import { type Reading, SlowBodies } from "./slow-bodies.ts";

/** Requests under way at once; more are refused with 429. */
export const maxUnderWay = 4096;

/** How long a caller may take to send its headers, its whole request, and one that goes to the control plane, such as a file. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const uploadTimeoutMs = 3_600_000;

/** How often those limits are looked after. */
const checkMs = 1_000;

/** How long an idle connection is kept. */
const keepAliveMs = 65_000;

/** What the gateway's HTTP surface needs. */
export interface GatewayGround extends GatewayPathsGround {
  readonly openai: Pick<OpenAiServer, "handle" | "generate">;
  /** Bytes of a request for a model. */
  readonly bodyBytes: number;
  /** The metrics of the whole gateway now. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Connections whose first headers are not there yet. */
  readonly unfinishedConnections: number;
}

/** How long a server that stops waits for connections that have said nothing yet. */
const doorGraceMs = 500;

/** How often a server that stops closes the connections that have become idle. */
const idleLookMs = 50;

/** The data plane's HTTP server: takes connections in and hands each request to who answers it. */
export class GatewayServer {
  readonly #ground: GatewayGround;
  readonly #paths: GatewayPaths;
  readonly #server: Server;
  readonly #grpc: GrpcServer;
  /** Connections that were accepted elsewhere and handed over. */
  readonly #handedOver = new Set<Socket>();
  readonly #intake = new Intake();
  readonly #slowBodies: SlowBodies;
  readonly #front: GatewayFront;
  #bodyLooks: NodeJS.Timeout | undefined;
  /** Connections that have said nothing yet. */
  readonly #atDoor = new Set<Socket>();
  #underWay = 0;
  #isStopping = false;
  /** When Node's server last answered, or began to stop; milliseconds of the monotonic clock. */
  #quietSinceMs = 0;

  constructor(ground: GatewayGround) {
    this.#ground = ground;
    this.#paths = new GatewayPaths(ground);
    this.#server = createServer(
      { keepAliveTimeout: keepAliveMs, connectionsCheckingInterval: checkMs },
      (request, response) => this.#intake.enter(() => void this.#answer(request, response)),
    );
    this.#grpc = new GrpcServer({
      log: ground.log,
      methods: grpcMethods({ ...ground, messageBytes: maxBodyBytes }),
      messageBytes: maxBodyBytes,
    });
    this.#server.headersTimeout = headersTimeoutMs;
    this.#server.requestTimeout = uploadTimeoutMs;
    this.#slowBodies = new SlowBodies(ground.clock, requestTimeoutMs);
    this.#server.once("listening", () => {
      this.#bodyLooks = setInterval(() => this.#slowBodies.look(), checkMs);
      this.#front.start();
    });
    this.#front = this.#openDoors();
  }

  /**
   * Every connection passes the door, whether it was accepted here or elsewhere: behind it are HTTP/1 and gRPC. Of HTTP/1 the front
   * serves what is common, Node's server the rest.
   */
  #openDoors(): GatewayFront {
    const serve = this.#server.listeners("connection");
    this.#server.removeAllListeners("connection");
    const guard = guardConnections(this.#server, this.#ground.unfinishedConnections);
    const front = new GatewayFront({
      clock: this.#ground.clock,
      bodyBytes: this.#ground.bodyBytes,
      bodyMs: requestTimeoutMs,
      keptMs: keepAliveMs,
      serve: (exchange, socket) => {
        guard.release(socket);
        this.#intake.enter(() => void this.#generate(exchange));
      },
      handOver: (socket) => {
        for (const each of serve) Reflect.apply(each, this.#server, [socket]);
      },
    });
    const doors = {
      http1: (socket: Socket) => {
        this.#atDoor.delete(socket);
        front.accept(socket);
      },
      http2: (socket: Socket) => {
        this.#atDoor.delete(socket);
        guard.release(socket);
        this.#grpc.accept(socket);
      },
    };
    this.#server.on("connection", (socket: Socket) => {
      this.#atDoor.add(socket);
      socket.once("close", () => this.#atDoor.delete(socket));
      openDoor(socket, doors, headersTimeoutMs);
    });
    return front;
  }

  /** @returns the port on which it listens. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: 1024 }, () => resolve());
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens on a Unix socket that the account alone can open. */
  async listenOnPath(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path, backlog: 1024 }, () => resolve());
    });
  }

  /** Serves a connection that was accepted elsewhere; the server must listen, too, for its time limits to hold. */
  accept(socket: Socket): void {
    this.#handedOver.add(socket);
    socket.once("close", () => this.#handedOver.delete(socket));
    this.#server.emit("connection", socket);
  }

  /** So many more connections are about to be handed over, before any request is answered. */
  expect(connections: number): void {
    this.#intake.expect(connections);
  }

  /** Takes no new connections, lets requests under way end, at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#intake.stop();
    this.#quietSinceMs = performance.now();
    // Node's own `close` would close the connections that have nothing to do, on which a request may be on its way.
    const closed = new Promise<void>((resolve) => {
      Reflect.apply(ConnectionServer.prototype.close, this.#server, [() => resolve()]);
    });
    this.#front.stop();
    // One that was handed over a moment ago is about to send its first request.
    const doorTimer = setTimeout(() => this.#closeDoors(), Math.min(graceMs, doorGraceMs));
    // A connection whose answer has just left becomes idle; nobody else would close it.
    const looks = setInterval(() => this.#closeIdle(), idleLookMs);
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      this.#front.destroy();
    }, graceMs);
    await Promise.all([closed, this.#grpc.stop(graceMs)]);
    for (const socket of this.#handedOver) if (!socket.destroyed) await once(socket, "close");
    // Ends its watch over connections, of which none is left.
    this.#server.close();
    clearInterval(looks);
    clearInterval(this.#bodyLooks);
    clearTimeout(timer);
    clearTimeout(doorTimer);
  }

  /** Each answer from the stop on says that it is its connection's last, so that the wait comes to an end. */
  #closeIdle(): void {
    if (performance.now() - this.#quietSinceMs >= idleGraceMs) this.#server.closeIdleConnections();
  }

  #closeDoors(): void {
    for (const socket of this.#atDoor) socket.destroy();
  }

  async #generate(exchange: FrontExchange): Promise<void> {
    this.#underWay += 1;
    await this.#ground.openai.generate(exchange, exchange.operation);
    this.#underWay -= 1;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    const openAiPath = openAiPathOf(request);
    let reading: Reading | null = isUpload(openAiPath) ? null : this.#slowBodies.enter(request, response);
    try {
      if (this.#isStopping) response.setHeader("connection", "close");
      if (openAiPath !== undefined) {
        await this.#ground.openai.handle(request, response, openAiPath);
        return;
      }
      if (this.#underWay > maxUnderWay) {
        throw new Fault(
          "serving.overloaded",
          `the gateway takes ${maxUnderWay} requests at once; try again in a second`,
        );
      }
      if (isMetricsPath(request)) {
        await this.#answerMetrics(request, response);
        return;
      }
      await this.#paths.answer(request, response);
    } catch (error) {
      this.#paths.answerError(request, response, error);
    } finally {
      // Of what was passed on and answered, the rest may take no longer than that of any other request.
      reading ??= this.#slowBodies.enter(request, response);
      this.#slowBodies.leave(reading);
      this.#underWay -= 1;
      if (this.#isStopping) this.#quietSinceMs = performance.now();
    }
  }

  /** Metrics name every project's models and callers: from elsewhere they want a key with a right on the whole platform. */
  async #answerMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isFromHere(request)) await this.#ground.inference.admit(request.headers, "administer", null);
    const body = toOpenMetrics(await this.#ground.metrics());
    response.writeHead(200, { "content-type": openMetricsType, "content-length": Buffer.byteLength(body) }).end(body);
  }
}

/** Paths under `/v1` are the OpenAI API's, but for those of the platform's own projects. */
function openAiPathOf({ method = "GET", url = "/" }: IncomingMessage): OpenAiPath | "unknown" | undefined {
  const known = parseOpenAiPath(method, url);
  if (known !== undefined || !url.startsWith("/v1/") || url.startsWith("/v1/projects/")) return known;
  return "unknown";
}

function isUpload(path: OpenAiPath | "unknown" | undefined): boolean {
  return typeof path === "object" && path.kind === "control";
}

function isMetricsPath({ method, url = "" }: IncomingMessage): boolean {
  return method === "GET" && (url === "/metrics" || url.startsWith("/metrics?"));
}

/** Whether a request comes from this machine itself and was not passed on by a proxy on it. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const address = socket.remoteAddress ?? "";
  const isLoopback = address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
  return isLoopback && headers["x-forwarded-for"] === undefined && headers.forwarded === undefined;
}
