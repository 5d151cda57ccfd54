import type { Millis } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import type { LineResult } from "./batch-line.ts";

/** A line of a file as it was read. */
export interface FileLine {
  /** Of a line that is longer than asked for, its beginning at most. */
  readonly text: string;
  /** Where it begins in the file, and its length without its end, bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Lines in stored files. */
export interface LineFiles {
  /** All lines, one after the other. @throws {Fault} `platform.not-found`. */
  lines(objectKey: string, maxLineBytes: Bytes, signal: AbortSignal): AsyncIterable<FileLine>;
  /** One line whose place is known. @throws {Fault} `platform.not-found`. */
  line(objectKey: string, place: Pick<FileLine, "offset" | "length">): Promise<string>;
  /** Writes a file whole or not at all; over the one that was there. @returns its size. */
  write(objectKey: string, lines: AsyncIterable<string>): Promise<Bytes>;
}

/** How one request of a batch went. */
export type SendResult =
  | { readonly kind: "ended"; readonly result: LineResult }
  /** The gateway, or the model, is busy or away: the same request passes later. */
  | { readonly kind: "busy"; readonly retryAfterMs: Millis }
  /** It failed in a way that may pass; `result` stands when it does not. */
  | { readonly kind: "broken"; readonly result: LineResult };

/** One request of a batch on its way to the gateway. */
export interface BatchRequest {
  readonly endpoint: string;
  readonly body: string;
  /** The key that it is made with. */
  readonly token: string;
  readonly requestId: string;
}
