import type { Instant } from "../../base/clock.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import { type Refusal, refusalFrame, refusalJson } from "../gateway/protocol/refusal.ts";
import type { AnswerSink } from "./caller-exchange.ts";
import type { ModelAnswer, Overrun } from "./model-answer.ts";

const heartbeat = ": keepalive\n\n";

/** The answer to one caller: knows what was written, keeps streams alive, tells errors in the way that is still possible. */
export class CallerAnswer implements ModelAnswer {
  readonly #sink: AnswerSink;
  readonly #headers: Record<string, string | number>;
  readonly #isStream: boolean;
  readonly #beganAt: Instant;
  readonly #toBody: (refusal: Refusal) => string;
  #wroteAt: Instant;
  #blockedSince: Instant | null = null;
  #isBetweenFrames = true;
  #copyTo: ((bytes: Uint8Array | string) => void) | null = null;

  /**
   * @param headers go with every answer, such as `x-request-id`.
   * @param toBody writes refusals as the caller's protocol has them.
   */
  constructor(
    sink: AnswerSink,
    headers: Readonly<Record<string, string>>,
    isStream: boolean,
    now: Instant,
    toBody: (refusal: Refusal) => string = refusalJson,
  ) {
    this.#sink = sink;
    this.#headers = { ...headers };
    this.#isStream = isStream;
    this.#beganAt = now;
    this.#toBody = toBody;
    this.#wroteAt = now;
  }

  get hasBegun(): boolean {
    return this.#sink.hasBegun;
  }

  /** From now on also hands out what the caller is answered; heartbeats and refusals are left out. */
  copyTo(take: (bytes: Uint8Array | string) => void): void {
    this.#copyTo = take;
  }

  addHeaders(headers: Readonly<Record<string, string>>): void {
    if (!this.hasBegun) Object.assign(this.#headers, headers);
  }

  /** Writes a whole answer at once: with its length known it leaves without chunks. */
  sendWhole(status: number, contentType: string, body: Uint8Array | string): void {
    this.#headers["content-type"] = contentType;
    this.#copyTo?.(body);
    this.#sink.sendWhole(status, this.#headers, body);
  }

  /** Begins an answer that flows. */
  begin(status: number, contentType: string, contentLength: string | undefined): void {
    if (this.hasBegun) return;
    this.#headers["content-type"] = contentType;
    if (contentLength !== undefined) this.#headers["content-length"] = contentLength;
    if (this.#isStream) {
      this.#headers["cache-control"] = "no-cache";
      this.#headers["x-accel-buffering"] = "no";
    }
    this.#sink.begin(status, this.#headers);
  }

  /** @param isBetweenFrames whether a comment may follow. @returns false when the caller reads too slowly: wait for `drained`. */
  write(bytes: Uint8Array, isBetweenFrames: boolean, now: Instant): boolean {
    this.#wroteAt = now;
    this.#isBetweenFrames = isBetweenFrames;
    this.#copyTo?.(bytes);
    if (this.#sink.write(bytes)) return true;
    this.#blockedSince = now;
    return false;
  }

  /** Calls back once the caller has read what was written. */
  onDrained(then: () => void): void {
    this.#sink.onDrained(() => {
      this.#blockedSince = null;
      then();
    });
  }

  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.#copyTo?.(bytes);
    this.#sink.end(bytes);
  }

  /** Breaks the connection: the answer has begun, and what is missing cannot be told in it. */
  breakOff(): void {
    this.#sink.breakOff();
  }

  /** Tells a refusal: by its status while nothing was sent, inside the stream afterwards, else by breaking the connection. */
  refuse(refusal: Refusal): void {
    if (this.#sink.isOver) return;
    if (this.hasBegun) {
      if (this.#isStream && this.#isBetweenFrames) this.end(refusalFrame(refusal));
      else if (this.#isStream) this.end(`\n\n${refusalFrame(refusal)}`);
      else this.breakOff();
      return;
    }
    const body = this.#toBody(refusal);
    const type = { "content-type": "application/json" };
    const headers = { ...this.#headers, ...retryHeaders(refusal), ...refusal.headers, ...type };
    this.#sink.sendWhole(refusal.status, headers, body);
  }

  onGone(then: () => void): () => void {
    return this.#sink.onGone(then);
  }

  /** Looks after the answer once in a while. @returns the limit that it is over, or null. */
  tick(now: Instant, limits: GatewayLimits): Overrun | null {
    if (now - this.#beganAt >= limits.totalMs) return "total";
    if (this.#blockedSince !== null) return now - this.#blockedSince >= limits.stalledMs ? "stalled" : null;
    if (this.#isStream && now - this.#wroteAt >= limits.heartbeatMs && this.#isBetweenFrames) this.#beat(now);
    return null;
  }

  #beat(now: Instant): void {
    if (this.#sink.isOver) return;
    this.begin(200, "text/event-stream; charset=utf-8", undefined);
    this.#wroteAt = now;
    this.#sink.write(heartbeat);
  }
}

function retryHeaders({ retryAfterMs, shouldRetry }: Refusal): Readonly<Record<string, string>> {
  return {
    ...(retryAfterMs === null
      ? {}
      : { "retry-after-ms": String(Math.ceil(retryAfterMs)), "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }),
    ...(shouldRetry === null ? {} : { "x-should-retry": String(shouldRetry) }),
  };
}
