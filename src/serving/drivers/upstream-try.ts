import { isUtf8 } from "node:buffer";
import type { Dispatcher } from "undici";
import type { Clock, Millis } from "../../base/clock.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import { AnswerMalformed } from "../gateway/protocol/answer-head.ts";
import { embeddingsToBase64 } from "../gateway/protocol/embedding-answer.ts";
import { endOfValue, skipSpace } from "../gateway/protocol/json-span.ts";
import { credentialsRefusal, type Refusal, serverRefusal, upstreamRefusal } from "../gateway/protocol/refusal.ts";
import { StreamReader } from "../gateway/protocol/stream-reader.ts";
import { findUsage, parseUsage, type TokenUsage } from "../gateway/protocol/token-usage.ts";
import { readRetryAfter } from "../gateway/resilience/retry-after.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import type { ModelAnswer } from "./model-answer.ts";

/** Bytes of an upstream's refusal that are read. */
const maxRefusalBytes = 64 * 1024;

/** How one try at one replica ended. */
export type TryEnd =
  /** The caller has its whole answer. */
  | { readonly kind: "answered"; readonly usage: TokenUsage | null; readonly frames: number }
  /** It broke after bytes had reached the caller. */
  | { readonly kind: "broken"; readonly refusal: Refusal; readonly usage: TokenUsage | null; readonly frames: number }
  /** Nothing of it reached the caller. */
  | {
      readonly kind: "refused";
      readonly refusal: Refusal;
      /** Of the upstream's answer; null when none came that could be understood. */
      readonly status: number | null;
    }
  | { readonly kind: "aborted"; readonly usage: TokenUsage | null; readonly frames: number };

/** What a try needs. */
export interface TryGround {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly answer: ModelAnswer;
  readonly isStream: boolean;
  readonly stripsUsage: boolean;
  readonly wantsBase64: boolean;
  /** Whether the answer is one of the Open Inference Protocol v2: raw tensors may follow its JSON, and it tells no usage. */
  readonly answersTensors: boolean;
  /** Called once, when the first byte of the answer's body is there. */
  readonly onFirstByte: () => void;
  readonly onEnd: (end: TryEnd) => void;
}

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "stream"; readonly reader: StreamReader }
  | { readonly kind: "whole"; readonly chunks: Buffer[]; bytes: number; readonly maxBytes: number }
  | { readonly kind: "flowing"; tail: Buffer }
  | { readonly kind: "refusal"; readonly chunks: Buffer[]; bytes: number }
  | { readonly kind: "ended" };

const find = (bytes: Uint8Array, wanted: Uint8Array, from: number): number =>
  Buffer.isBuffer(bytes)
    ? bytes.indexOf(wanted, from)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(wanted, from);

/**
 * Passes one upstream's answer on to the caller as its bytes come, and tells once how it ended.
 *
 * Short answers that are no streams are held until they are whole: what breaks off or is no JSON can then still be asked for elsewhere.
 */
export class UpstreamTry implements Dispatcher.DispatchHandler {
  readonly #ground: TryGround;
  #state: State = { kind: "waiting" };
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #contentType = "";
  #contentLength: string | undefined;
  /** How many of the answer's first bytes are JSON, when raw tensors follow. */
  #jsonLength: string | undefined;
  #retryAfterMs: Millis | null = null;
  #shouldRetry: boolean | null = null;
  #hasFirstByte = false;
  #isAborted = false;

  constructor(ground: TryGround) {
    this.#ground = ground;
  }

  /** The caller is gone: the upstream learns it at once. */
  cancel(): void {
    this.#isAborted = true;
    const { usage, frames } = this.#seen();
    this.#end({ kind: "aborted", usage, frames });
    this.#controller?.abort(new Error("the caller went away"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(new Error("the caller went away"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.#state.kind === "ended") return;
    this.#status = status;
    this.#contentType = textOf(headers["content-type"]) ?? "";
    this.#contentLength = textOf(headers["content-length"]);
    if (this.#ground.answersTensors) this.#jsonLength = textOf(headers[jsonLengthHeader]);
    this.#state = this.#stateFor(status);
    if (this.#state.kind !== "refusal") return;
    this.#retryAfterMs = readRetryAfter(headers, this.#ground.clock.now(), Date.parse);
    const shouldRetry = headers["x-should-retry"];
    this.#shouldRetry = shouldRetry === "true" ? true : shouldRetry === "false" ? false : null;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const state = this.#state;
    switch (state.kind) {
      case "stream":
        this.#firstByte();
        this.#pass(controller, state.reader.push(chunk), state.reader.isBetweenFrames);
        return;
      case "whole":
        this.#firstByte();
        state.chunks.push(chunk);
        state.bytes += chunk.byteLength;
        if (state.bytes > state.maxBytes) this.#flow(controller, Buffer.concat(state.chunks));
        return;
      case "flowing":
        state.tail = tailOf(state.tail, chunk, this.#ground.limits.heldBytes);
        this.#pass(controller, chunk, false);
        return;
      case "refusal":
        if (state.bytes >= maxRefusalBytes) return;
        state.chunks.push(chunk);
        state.bytes += chunk.byteLength;
        return;
      case "waiting":
      case "ended":
    }
  }

  onResponseEnd(): void {
    const state = this.#state;
    switch (state.kind) {
      case "stream":
        this.#endStream(state.reader);
        return;
      case "whole":
        this.#endWhole(state.chunks);
        return;
      case "flowing":
        this.#ground.answer.end();
        this.#end({ kind: "answered", usage: this.#usageIn(state.tail), frames: 0 });
        return;
      case "refusal":
        this.#endRefusal(state.chunks);
        return;
      case "waiting":
        this.#refuse(serverRefusal(502, "upstream_invalid_answer", "the upstream ended without an answer"), null);
        return;
      case "ended":
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const state = this.#state;
    if (state.kind === "ended") return;
    const refusal = refusalOfError(error, this.#hasFirstByte || this.#status !== 0, this.#ground.limits);
    const { usage, frames } = this.#seen();
    const reached = state.kind === "flowing" || (state.kind === "stream" && this.#hasFirstByte);
    if (!reached) {
      this.#refuse(refusal, null);
      return;
    }
    this.#ground.answer.refuse(refusal);
    this.#end({ kind: "broken", refusal, usage, frames });
  }

  #stateFor(status: number): State {
    if (status >= 300) return { kind: "refusal", chunks: [], bytes: 0 };
    const { isStream, stripsUsage, wantsBase64, limits } = this.#ground;
    if (isStream && this.#contentType.startsWith("text/event-stream")) {
      return { kind: "stream", reader: new StreamReader({ stripsUsage }, find) };
    }
    return { kind: "whole", chunks: [], bytes: 0, maxBytes: wantsBase64 ? limits.embeddingBytes : limits.heldBytes };
  }

  #firstByte(): void {
    if (this.#hasFirstByte) return;
    this.#hasFirstByte = true;
    this.#ground.onFirstByte();
    if (this.#state.kind === "stream") this.#ground.answer.begin(this.#status, this.#contentType, undefined);
  }

  #flow(controller: Dispatcher.DispatchController, held: Buffer): void {
    const { answer, limits } = this.#ground;
    this.#state = { kind: "flowing", tail: tailOf(Buffer.alloc(0), held, limits.heldBytes) };
    this.#addJsonLength();
    answer.begin(this.#status, this.#contentType, this.#contentLength);
    this.#pass(controller, held, false);
  }

  #pass(controller: Dispatcher.DispatchController, bytes: Uint8Array, isBetweenFrames: boolean): void {
    if (bytes.length === 0) return;
    const { answer, clock } = this.#ground;
    if (answer.write(bytes, isBetweenFrames, clock.now())) return;
    controller.pause();
    answer.onDrained(() => controller.resume());
  }

  #endStream(reader: StreamReader): void {
    const { answer } = this.#ground;
    const rest = reader.rest();
    const { usage, frames, end } = reader;
    if (end === "truncated") {
      const refusal = serverRefusal(502, "upstream_disconnected", "the upstream ended its stream before it was done");
      if (!this.#hasFirstByte) {
        this.#refuse(refusal, null);
        return;
      }
      answer.refuse(refusal);
      this.#end({ kind: "broken", refusal, usage, frames });
      return;
    }
    // Some upstreams leave the last mark off; clients wait for it.
    answer.end(end === "finished" ? Buffer.concat([rest, doneFrame]) : rest);
    this.#end(
      end === "failed"
        ? {
            kind: "broken",
            refusal: serverRefusal(500, "upstream_failed", "the upstream told an error"),
            usage,
            frames,
          }
        : { kind: "answered", usage, frames },
    );
  }

  #addJsonLength(): void {
    if (this.#jsonLength !== undefined) this.#ground.answer.addHeaders({ [jsonLengthHeader]: this.#jsonLength });
  }

  #usageIn(body: Buffer): TokenUsage | null {
    return this.#ground.answersTensors ? null : parseUsage(findUsage(body, find));
  }

  #endWhole(chunks: readonly Buffer[]): void {
    const { answer, wantsBase64, isStream, answersTensors } = this.#ground;
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    if (!isJsonObject(answersTensors ? this.#jsonOf(body) : body)) {
      const found = this.#contentType === "" ? "no content type" : this.#contentType.slice(0, 100);
      const message = `the upstream's answer wants a JSON object, found ${body.byteLength} bytes of ${found} that are none`;
      this.#refuse(serverRefusal(502, "upstream_invalid_answer", message), null);
      return;
    }
    const usage = this.#usageIn(body);
    const changed = wantsBase64 ? embeddingsToBase64(body.toString("utf8"), toBase64) : null;
    // A caller that was kept waiting by comments hears a stream; a whole answer becomes its one frame.
    if (answer.hasBegun && isStream) answer.end(`data: ${body.toString("utf8")}\n\ndata: [DONE]\n\n`);
    else {
      this.#addJsonLength();
      const isRaw = this.#jsonLength !== undefined;
      answer.sendWhole(this.#status, isRaw ? "application/octet-stream" : "application/json", changed ?? body);
    }
    this.#end({ kind: "answered", usage, frames: 0 });
  }

  /** The part of an answer that is JSON; empty when its header names no part of it. */
  #jsonOf(body: Buffer): Buffer {
    if (this.#jsonLength === undefined) return body;
    const length = Number(this.#jsonLength);
    return Number.isInteger(length) && length <= body.byteLength
      ? body.subarray(0, Math.max(0, length))
      : Buffer.alloc(0);
  }

  #endRefusal(chunks: readonly Buffer[]): void {
    // Callers' keys never leave the gateway: whoever refuses one refuses the deployment's own.
    if (this.#status === 401 || this.#status === 403) {
      this.#refuse(credentialsRefusal(this.#status), 502);
      return;
    }
    const text = Buffer.concat(chunks).toString("utf8");
    // A redirection is no answer that a caller of a model can follow.
    const status = this.#status < 400 ? 502 : this.#status;
    const asked = { retryAfterMs: this.#retryAfterMs, shouldRetry: this.#shouldRetry };
    this.#refuse(upstreamRefusal(status, text, asked), status);
  }

  #refuse(refusal: Refusal, status: number | null): void {
    this.#end({ kind: "refused", refusal, status });
  }

  #seen(): { readonly usage: TokenUsage | null; readonly frames: number } {
    if (this.#state.kind !== "stream") return { usage: null, frames: 0 };
    return { usage: this.#state.reader.usage, frames: this.#state.reader.frames };
  }

  #end(end: TryEnd): void {
    if (this.#state.kind === "ended") return;
    this.#state = { kind: "ended" };
    this.#ground.onEnd(end);
  }
}

const doneFrame = Buffer.from("data: [DONE]\n\n");

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}

/** Whether the bytes are UTF-8 and one whole JSON object as far as its brackets and texts tell. */
function isJsonObject(body: Buffer): boolean {
  const start = skipSpace(body, 0);
  if (body[start] !== 0x7b || !isUtf8(body)) return false;
  const end = endOfValue(body, start);
  return end !== -1 && skipSpace(body, end) >= body.length;
}

function tailOf(before: Buffer, chunk: Buffer, maxBytes: number): Buffer {
  const whole = chunk.byteLength >= maxBytes ? chunk : Buffer.concat([before, chunk]);
  return whole.subarray(Math.max(0, whole.byteLength - maxBytes));
}

function refusalOfError(error: Error, hasBegun: boolean, limits: GatewayLimits): Refusal {
  const code = "code" in error ? String(error.code) : "";
  switch (code) {
    case "head-timeout":
    case "UND_ERR_HEADERS_TIMEOUT": {
      const wanted = `the upstream wants to begin its answer within ${limits.firstByteMs} ms and did not`;
      return serverRefusal(504, "upstream_timeout", wanted);
    }
    case "body-timeout":
    case "UND_ERR_BODY_TIMEOUT": {
      const found = `the upstream was silent for ${limits.idleMs} ms within its answer`;
      return serverRefusal(504, "upstream_timeout", found);
    }
    case "connect-timeout":
    case "UND_ERR_CONNECT_TIMEOUT": {
      const wanted = `the upstream wants to accept a connection within ${limits.connectMs} ms and did not`;
      return serverRefusal(503, "upstream_unreachable", wanted);
    }
    case "head-too-long":
    case "UND_ERR_HEADERS_OVERFLOW": {
      const wanted = `the upstream's headers want at most ${limits.upstreamHeaderBytes} bytes, found more`;
      return serverRefusal(502, "upstream_invalid_answer", wanted);
    }
  }
  if (error instanceof AnswerMalformed || error.name === "HTTPParserError" || code.startsWith("HPE_")) {
    return serverRefusal(502, "upstream_invalid_answer", `the upstream does not speak HTTP: ${error.message}`);
  }
  if (hasBegun)
    return serverRefusal(502, "upstream_disconnected", `the upstream broke off its answer: ${error.message}`);
  return serverRefusal(503, "upstream_unreachable", `the upstream did not answer: ${error.message || code}`);
}
