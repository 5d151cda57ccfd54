import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type EngineEvent, SimulatedEngine } from "../../src/serving/simulator/simulated-engine.ts";
import { metricsPage } from "./stand-in-metrics.ts";
import { type ChatBody, parseChatBody, type StandInPrompt, toPrompt, tokensPerBlock } from "./stand-in-prompt.ts";
import { StandInReply } from "./stand-in-reply.ts";

/** Bytes of one request. */
const bodyBytesMax = 16 * 1024 * 1024;
const tokensOutUnlessAsked = 64;
const waitMsMax = 1000;
/** On every answer: nobody shall take this for a model. */
const honest = { "x-simulated": "true", server: "millwright-simulated-engine" } as const;

/** How fast the simulated engine is and how much it holds. */
export interface StandInSize {
  readonly slots: number;
  readonly kvTokens: number;
  readonly prefillMsPerToken: number;
  readonly stepMs: number;
  readonly stepMsPerAnswer: number;
  readonly chunkTokens: number;
}

export interface StandInNames {
  readonly model: string;
  /** How many times faster than reckoned the answers come. */
  readonly speed: number;
}

/** An HTTP server that speaks like an inference engine and answers at the times of a simulated one. */
export class StandInServer {
  readonly #names: StandInNames;
  readonly #engine: SimulatedEngine;
  readonly #server: Server;
  readonly #replies = new Map<number, StandInReply>();
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #count = 0;

  constructor(size: StandInSize, names: StandInNames) {
    this.#names = names;
    const { kvTokens, ...rest } = size;
    this.#engine = new SimulatedEngine(
      { ...rest, tokensPerBlock, kvBlocks: Math.floor(kvTokens / tokensPerBlock) },
      true,
    );
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @returns the port on which it listens. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    try {
      if (request.method === "POST" && path === "/v1/chat/completions") {
        this.#complete(parseChatBody(await readText(request)), response);
      } else if (path === "/v1/models") sendJson(response, 200, this.#models());
      else if (path === "/metrics") {
        this.#advance();
        const text = metricsPage(this.#engine, this.#names.model);
        response.writeHead(200, { ...honest, "content-type": "text/plain; version=0.0.4" }).end(text);
      } else if (path === "/health") response.writeHead(200, honest).end();
      else sendJson(response, 404, errorOf(`there is no ${request.method ?? "GET"} ${path}`, "not_found"));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      sendJson(response, 400, errorOf(message, "invalid_request_error"));
    }
  }

  #complete(body: ChatBody, response: ServerResponse): void {
    const prompt = toPrompt(body, this.#names.model);
    const tokensOut = body.max_completion_tokens ?? body.max_tokens ?? tokensOutUnlessAsked;
    const room = this.#engine.shape.kvBlocks * tokensPerBlock;
    if (prompt.tokensIn + tokensOut > room) {
      const needed = prompt.tokensIn + tokensOut;
      sendJson(
        response,
        400,
        errorOf(`${needed} tokens do not fit the cache of ${room}: send less`, "invalid_request_error"),
      );
      return;
    }
    this.#submit(body, prompt, tokensOut, response);
  }

  #submit(body: ChatBody, prompt: StandInPrompt, tokensOut: number, response: ServerResponse): void {
    const id = this.#count;
    this.#count += 1;
    const isUsageTold = body.stream_options?.include_usage === true;
    const reply = new StandInReply(response, {
      id,
      model: this.#names.model,
      isStream: body.stream === true,
      isUsageTold,
      prompt,
      headers: honest,
    });
    this.#replies.set(id, reply);
    response.once("close", () => {
      // Also after the last token; then there is nothing left to drop.
      if (!this.#replies.delete(id)) return;
      this.#advance();
      this.#engine.abort(id);
    });
    this.#engine.submit({ id, ...prompt, tokensOut, blocksWritten: [] }, this.#now());
    this.#advance();
  }

  /** Milliseconds of the engine's own time. */
  #now(): number {
    return (performance.now() - this.#startedAt) * this.#names.speed;
  }

  #advance(): void {
    for (const event of this.#engine.advance(this.#now())) this.#tell(event);
    this.#engine.takeEvicted();
    if (this.#timer !== null) clearTimeout(this.#timer);
    const at = this.#engine.nextAt();
    if (at === null) return;
    const waitMs = Math.min(waitMsMax, Math.max(0, (at - this.#now()) / this.#names.speed));
    this.#timer = setTimeout(() => this.#advance(), waitMs);
  }

  #tell(event: EngineEvent): void {
    const reply = this.#replies.get(event.id);
    if (reply === undefined) return;
    if (event.kind === "token") reply.token(event.tokens);
    else {
      this.#replies.delete(event.id);
      reply.end(event.tokens, event.tokensCached);
    }
  }

  #models(): unknown {
    const { model } = this.#names;
    return { object: "list", data: [{ id: model, object: "model", created: 0, owned_by: "millwright-simulator" }] };
  }
}

function errorOf(message: string, type: string): unknown {
  return { error: { message, type, param: null, code: null } };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...honest, "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error(`the body may have ${bodyBytesMax} bytes and has more`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
