import { Agent, request } from "undici";
import type { Millis } from "../../base/clock.ts";
import type { LineResult } from "../batch/batch-line.ts";

/** How one request of a batch went. */
export type SendResult =
  | { readonly kind: "ended"; readonly result: LineResult }
  /** It may pass later: the gateway is busy, away, or the model is. */
  | { readonly kind: "later"; readonly why: string; readonly retryAfterMs: Millis; readonly isBusy: boolean };

/** How long an answer may take: models that think long are what batches are for. */
const answerTimeoutMs: Millis = 600_000;

/** Bytes of one answer. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** A pause when nobody says how long. */
const defaultPauseMs: Millis = 1_000;
const longestPauseMs: Millis = 60_000;

/** Statuses after which the same request may pass: busy, or nobody there. */
const busyStatuses: ReadonlySet<number> = new Set([408, 409, 429, 503]);
const brokenStatuses: ReadonlySet<number> = new Set([500, 502, 504]);

/** Sends requests of batches through the gateway, below everybody else. */
export class BatchSender {
  readonly #agent = new Agent({ connections: 64, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });
  readonly #gatewayUrl: () => string | null;

  constructor(gatewayUrl: () => string | null) {
    this.#gatewayUrl = gatewayUrl;
  }

  async send(
    asked: { readonly endpoint: string; readonly body: string; readonly token: string; readonly requestId: string },
    signal: AbortSignal,
  ): Promise<SendResult> {
    const url = this.#gatewayUrl();
    if (url === null) return later("the gateway is not up yet", defaultPauseMs, false);
    try {
      const { statusCode, headers, body } = await request(`${url}${asked.endpoint}`, {
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
      const requestId = typeof headers["x-request-id"] === "string" ? headers["x-request-id"] : asked.requestId;
      if (busyStatuses.has(statusCode)) return later(`status ${statusCode}`, pauseOf(headers), true);
      if (brokenStatuses.has(statusCode)) return later(`status ${statusCode}: ${text.slice(0, 200)}`, defaultPauseMs, false);
      return { kind: "ended", result: { kind: "answered", status: statusCode, requestId, body: text } };
    } catch (error) {
      signal.throwIfAborted();
      return later(error instanceof Error ? error.message : String(error), defaultPauseMs, false);
    }
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new Error(`an answer may have ${maxAnswerBytes} bytes, found more`);
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

function later(why: string, retryAfterMs: Millis, isBusy: boolean): SendResult {
  return { kind: "later", why, retryAfterMs, isBusy };
}
