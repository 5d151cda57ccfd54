import type { Span } from "../../tools/span.ts"; // breaks: room-order

/** A machine. */
export interface Node {
  readonly id: string;
  readonly span: Span;
}
