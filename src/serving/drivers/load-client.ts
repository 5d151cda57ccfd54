import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import * as z from "zod";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { AnswerReader } from "../loadtest/answer-reader.ts";
import type { LoadTestShape, LoadTestTarget } from "../loadtest/model.ts";
import type { RequestOutcome } from "../loadtest/request-outcome.ts";
import { tensorBody, type TensorInput } from "../loadtest/tensor-body.ts";

/** Characters of an answer's text that are kept of a failure. */
const messageMax = 300;

/** Characters of an answer that is not streamed. */
const wholeAnswerMax = 64 * 1024 * 1024;

/** How long the metadata of a model may take. */
const metadataTimeoutMs: Millis = 10_000;

/** Sizes may be texts: proto3's JSON writes 64-bit numbers so. */
const metadataSchema = z.object({
  inputs: z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number()) })),
});

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What became of a request, and the text of its answer for the next turn. */
export interface SentRequest {
  readonly outcome: RequestOutcome;
  readonly text: string;
}

/** Sends the requests of a load test, each on a connection that is free, and reads the answers with their moments. */
export class LoadClient {
  readonly #target: LoadTestTarget;
  readonly #shape: LoadTestShape;
  readonly #now: () => Millis;
  readonly #agent: HttpAgent;
  readonly #base: string;
  #tensors = "";

  /** @param now milliseconds since the beginning of the test. */
  constructor(target: LoadTestTarget, shape: LoadTestShape, now: () => Millis) {
    this.#target = target;
    this.#shape = shape;
    this.#now = now;
    this.#base = target.url.replace(/\/+$/, "").replace(/\/v[12]$/, "");
    const options = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: "lifo" as const };
    this.#agent = this.#base.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Finds out what a model of tensors takes; nothing to do for others.
   *
   * @throws {Fault} `serving.request-invalid` when the metadata cannot be read.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    const { protocol, body, model } = this.#target;
    if (protocol !== "v2") return;
    if (body !== null) {
      this.#tensors = JSON.stringify(body);
      return;
    }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(metadataTimeoutMs)]);
    const path = `/v2/models/${encodeURIComponent(model)}`;
    const response = await this.#open("GET", path, null, limit).catch((cause: unknown) => {
      throw new Fault("serving.request-invalid", `${this.#base}${path} did not answer: ${String(cause)}`, { cause });
    });
    const text = await readWhole(response);
    const inputs = inputsOf(text);
    if (response.statusCode !== 200 || inputs === null) {
      throw new Fault("serving.request-invalid", `${this.#base}${path} names no inputs: ${text.slice(0, messageMax)}`);
    }
    this.#tensors = JSON.stringify(tensorBody(inputs, this.#shape.rows, this.#shape.seed));
  }

  /** Sends one turn of a conversation and reads its answer to the end. Never throws: a failure is an outcome. */
  async chat(
    messages: readonly ChatMessage[],
    outputTokens: number,
    dueAt: Millis,
    signal: AbortSignal,
  ): Promise<SentRequest> {
    const body = {
      model: this.#target.model,
      messages,
      max_tokens: outputTokens,
      stream: true,
      stream_options: { include_usage: true },
      ...(this.#shape.ignoresEnd ? { ignore_eos: true } : {}),
    };
    const reader = new AnswerReader();
    const sentAt = this.#now();
    const end = await this.#send("/v1/chat/completions", JSON.stringify(body), reader, signal);
    const { answer } = reader;
    const failure =
      end ??
      answer.failure ??
      (answer.isOver ? null : { code: "truncated", message: "the answer ended in the middle" });
    const counted = { dueAt, sentAt, endAt: this.#now(), inputTokens: answer.inputTokens ?? 0 };
    const measured = { ...counted, cachedTokens: answer.cachedTokens, outputTokens: answer.outputTokens };
    const outcome: RequestOutcome =
      failure === null
        ? { ...measured, kind: "done", firstAt: answer.firstAt, lastAt: answer.lastAt }
        : { ...measured, kind: "failed", ...failure };
    return { outcome, text: answer.text };
  }

  /** Sends one request of tensors. Never throws: a failure is an outcome. */
  async infer(dueAt: Millis, signal: AbortSignal): Promise<SentRequest> {
    const sentAt = this.#now();
    const path = `/v2/models/${encodeURIComponent(this.#target.model)}/infer`;
    const failure = await this.#send(path, this.#tensors, null, signal);
    const measured = { dueAt, sentAt, endAt: this.#now(), inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
    const outcome: RequestOutcome =
      failure === null
        ? { ...measured, kind: "done", firstAt: null, lastAt: null }
        : { ...measured, kind: "failed", ...failure };
    return { outcome, text: "" };
  }

  /** @returns why it failed; null when the answer is there. */
  async #send(path: string, body: string, reader: AnswerReader | null, signal: AbortSignal): Promise<Failure | null> {
    try {
      const response = await this.#open("POST", path, body, signal);
      const status = response.statusCode ?? 0;
      if (status !== 200) return failureOf(status, await readWhole(response));
      const isStream = (response.headers["content-type"] ?? "").startsWith("text/event-stream");
      if (reader === null || !isStream) {
        const text = await readWhole(response);
        reader?.whole(text);
        return null;
      }
      response.setEncoding("utf8");
      for await (const piece of response) reader.push(String(piece), this.#now());
      return null;
    } catch (cause) {
      if (signal.aborted) return { code: "unfinished", message: "the test gave up waiting for the answer" };
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "connection-failed";
      return { code, message: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  #open(method: string, path: string, body: string | null, signal: AbortSignal): Promise<IncomingMessage> {
    const { key, headers } = this.#target;
    const payload = body === null ? null : Buffer.from(body);
    const open = this.#base.startsWith("https:") ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = open(`${this.#base}${path}`, {
        method,
        agent: this.#agent,
        signal,
        headers: {
          ...headers,
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(payload === null ? {} : { "content-type": "application/json", "content-length": payload.byteLength }),
        },
      });
      request.once("response", resolve);
      request.once("error", reject);
      request.end(payload ?? undefined);
    });
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** The status and, where the body names one, the code of an error. */
function failureOf(status: number, text: string): Failure {
  const message = text.slice(0, messageMax);
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } | string };
    if (typeof error === "string") return { code: String(status), message: error.slice(0, messageMax) };
    const code = typeof error?.code === "string" ? `${status} ${error.code}` : String(status);
    return { code, message: typeof error?.message === "string" ? error.message.slice(0, messageMax) : message };
  } catch {
    return { code: String(status), message };
  }
}

function inputsOf(text: string): readonly TensorInput[] | null {
  try {
    return metadataSchema.safeParse(JSON.parse(text)).data?.inputs ?? null;
  } catch {
    return null;
  }
}

async function readWhole(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const piece of response) {
    text += String(piece);
    if (text.length > wholeAnswerMax) throw new Error(`an answer may have ${wholeAnswerMax} characters and has more`);
  }
  return text;
}
