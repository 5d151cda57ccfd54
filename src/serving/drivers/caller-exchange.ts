import type { Bytes } from "../../base/units.ts";
import type { RequestHeaders } from "./known-request.ts";

/** Headers of an answer, by name. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** Where an answer to a caller is written, whichever server holds the connection. */
export interface AnswerSink {
  /** Whether the caller was, or is about to be, told a status. */
  readonly hasBegun: boolean;
  /** Nothing can be written any more: the answer has ended, or the caller is gone. */
  readonly isOver: boolean;
  /** Answers as a whole and at once, whether or not the request's body has come; the length is put in. */
  sendWhole(status: number, headers: AnswerHeaders, body: Uint8Array | string): void;
  /** Begins an answer that flows: in chunks where `headers` tell no `content-length`. */
  begin(status: number, headers: AnswerHeaders): void;
  /** @returns false when the caller reads too slowly: wait for `onDrained`. */
  write(bytes: Uint8Array | string): boolean;
  /** Calls back once, when the caller has read what was written; who is told to wait asks once. */
  onDrained(then: () => void): void;
  end(bytes?: Uint8Array | string): void;
  /** Breaks the connection. */
  breakOff(): void;
  /** Calls back when the caller goes away before its whole answer; at once where it is gone. One listens. @returns stops listening. */
  onGone(then: () => void): () => void;
}

/** One request of a caller: what carrying it to a model needs of the server that reads it. */
export interface CallerExchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly sink: AnswerSink;
  /**
   * Reads the whole body; called once at most.
   *
   * @throws {Fault} `platform.body-too-large`; `serving.request-invalid` when the caller went away in the middle.
   */
  readBody(maxBytes: Bytes): Uint8Array | Promise<Uint8Array>;
}
