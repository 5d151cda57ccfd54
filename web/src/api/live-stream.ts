import { ApiFailure, openStream, withQuery } from "./client.ts";
import { EventStreamParser } from "./event-stream-parser.ts";
import { fieldsOf } from "./reading.ts";

/** Whether changes arrive at once. */
export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly attempt: number };

/** What a watch of the event log tells the page. */
export interface LiveListener {
  /** An event arrived; `kind` is that of its subject. */
  onEvent(kind: string): void;
  onState(state: LiveState): void;
}

const firstDelayMs = 500;
const longestDelayMs = 15_000;

/** How long to wait before connection attempt `attempt` (1 for the first one after a loss). */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 10));
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function readEvent(data: string): { readonly kind: string; readonly seq: number } | null {
  if (!data.startsWith("{")) return null;
  const fields = fieldsOf(JSON.parse(data), "watch");
  const seq = fields.numberOr("seq", null);
  return seq === null ? null : { kind: fields.fields("subject").textOr("kind", ""), seq };
}

/** A watch of the event log that goes on after every loss from the last event that arrived. */
export class EventWatch {
  readonly #listener: LiveListener;
  /** The newest event that arrived; null: none yet, so that a connection watches from now on. */
  #last: number | null;
  #attempt = 0;

  constructor(since: number | null, listener: LiveListener) {
    this.#last = since;
    this.#listener = listener;
  }

  /** Watches until `signal` fires or the key is refused. */
  async run(signal: AbortSignal): Promise<void> {
    this.#listener.onState({ kind: "connecting" });
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted || (error instanceof ApiFailure && error.status === 401)) return;
        if (error instanceof ApiFailure && error.code === "platform.watch-too-old") this.#last = null;
      }
      if (signal.aborted) return;
      this.#attempt += 1;
      this.#listener.onState({ kind: "reconnecting", attempt: this.#attempt });
      await pause(reconnectDelayMs(this.#attempt), signal);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const body = await openStream(withQuery("/api/v1/watch", { since: this.#last }), "text/event-stream", signal);
    this.#listener.onState({ kind: "live" });
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#attempt = 0;
      for (const message of parser.push(decoder.decode(value, { stream: true }))) this.#tell(message.data);
    }
  }

  #tell(data: string): void {
    const event = readEvent(data);
    if (event === null) return;
    this.#last = event.seq;
    this.#listener.onEvent(event.kind);
  }
}
