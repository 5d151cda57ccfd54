import { Agent, request } from "undici";
import type { Millis } from "../../base/clock.ts";
import type { BatchRequest, SendResult } from "../batch/ports.ts";

/** How long an answer may take: models that think long are what batches are for. */
const answerTimeoutMs: Millis = 600_000;

/** Bytes of one answer. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** A pause when nobody says how long, and the longest one. */
const defaultPauseMs: Millis = 1_000;
const longestPauseMs: Millis = 60_000;

/** Requests of all batches under way at once. */
const connectionsMax = 512;

/** Statuses after which the same request may pass: busy, or broken for now. */
const busyStatuses: ReadonlySet<number> = new Set([408, 409, 429, 503]);
const brokenStatuses: ReadonlySet<number> = new Set([500, 502, 504]);

/** Errors after which a request was not even made: the gateway is away. */
const awayCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "UND_ERR_CONNECT_TIMEOUT"]);

/** Sends requests of batches through the gateway, below everybody else. */
export class BatchSender {
  readonly #agent = new Agent({
    connections: connectionsMax,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  readonly #gatewayUrl: () => string | null;

  constructor(gatewayUrl: () => string | null) {
    this.#gatewayUrl = gatewayUrl;
  }

  /** @throws what `signal` was aborted with. */
  async send(asked: BatchRequest, signal: AbortSignal): Promise<SendResult> {
    const url = this.#gatewayUrl();
    if (url === null) return { kind: "busy", retryAfterMs: defaultPauseMs };
    try {
      return await this.#ask(`${url}${asked.endpoint}`, asked, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isAway(error)) return { kind: "busy", retryAfterMs: defaultPauseMs };
      const message = error instanceof Error ? error.message : String(error);
      return { kind: "broken", result: { kind: "refused", code: "connection_failed", message } };
    }
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(url: string, asked: BatchRequest, signal: AbortSignal): Promise<SendResult> {
    const { statusCode, headers, body } = await request(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${asked.token}`,
        "content-type": "application/json",
        "x-request-id": asked.requestId,
        "x-priority": "bulk",
      },
      body: asked.body,
      dispatcher: this.#agent,
      signal,
    });
    const text = await readBounded(body);
    if (text === null) return { kind: "ended", result: tooLarge };
    const given = headers["x-request-id"];
    const requestId = typeof given === "string" ? given : asked.requestId;
    const result = { kind: "answered", status: statusCode, requestId, body: text } as const;
    if (brokenStatuses.has(statusCode)) return { kind: "broken", result };
    // Clients are told not to try again also where only the pause is long; a batch has the time.
    const isHopeless = headers["x-should-retry"] === "false" && pauseOf(headers) < longestPauseMs;
    if (busyStatuses.has(statusCode) && !isHopeless) return { kind: "busy", retryAfterMs: pauseOf(headers) };
    return { kind: "ended", result };
  }
}

function isAway(error: unknown): boolean {
  return error instanceof Error && "code" in error && awayCodes.has(String(error.code));
}

const tooLarge = {
  kind: "refused",
  code: "answer_too_large",
  message: `an answer may have ${maxAnswerBytes} bytes, found more; ask for less in one request`,
} as const;

/** @returns null when there is too much. */
async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function pauseOf(headers: Readonly<Record<string, string | string[] | undefined>>): Millis {
  const exact = Number(headers["retry-after-ms"]);
  const rough = Number(headers["retry-after"]) * 1_000;
  const told = Number.isFinite(exact) ? exact : Number.isFinite(rough) ? rough : defaultPauseMs;
  return Math.min(longestPauseMs, Math.max(1, told));
}
