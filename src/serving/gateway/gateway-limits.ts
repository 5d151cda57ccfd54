import type { Millis } from "../../base/clock.ts";

/** The named limits of the request path; every wait and every buffer has one. */
export interface GatewayLimits {
  /** Bytes of one request's body. */
  readonly bodyBytes: number;
  /** Bytes of all bodies that are held at once; a body of unknown length counts as the largest that is let in. */
  readonly heldBodyBytes: number;
  /** How long the rest of a body that is too large is read and thrown away, so that the caller hears the refusal. */
  readonly lingerMs: Millis;
  /** How long an upstream may take to accept a connection. */
  readonly connectMs: Millis;
  /** How long an upstream may take until the first byte of its answer. */
  readonly firstByteMs: Millis;
  /** How long an upstream may be silent within its answer. */
  readonly idleMs: Millis;
  /** How long a caller may leave what was written to it unread. */
  readonly stalledMs: Millis;
  /** How long a request may take in all. */
  readonly totalMs: Millis;
  /** How long nothing may flow to the caller of a stream before a comment tells it that the request lives. */
  readonly heartbeatMs: Millis;
  /** How often heartbeats and the limits of running requests are looked after. */
  readonly tickMs: Millis;
  /** Bytes of an answer that are held until it is whole; longer ones flow as they come. */
  readonly heldBytes: number;
  /** Bytes of an answer with embeddings that is changed from floats to base64. */
  readonly embeddingBytes: number;
  /** Bytes of the headers of an upstream's answer. */
  readonly upstreamHeaderBytes: number;
  /** Connections of callers whose first headers are not whole yet; the oldest of more goes. */
  readonly unfinishedConnections: number;
  /** Connections to one replica. */
  readonly upstreamConnections: number;
}

const mebibyte = 1024 * 1024;

/** The limits unless told otherwise. */
export const defaultGatewayLimits: GatewayLimits = {
  bodyBytes: 16 * mebibyte,
  heldBodyBytes: 1024 * mebibyte,
  lingerMs: 2_000,
  connectMs: 3_000,
  firstByteMs: 600_000,
  idleMs: 120_000,
  stalledMs: 60_000,
  totalMs: 3_600_000,
  heartbeatMs: 15_000,
  tickMs: 1_000,
  heldBytes: 256 * 1024,
  embeddingBytes: 64 * mebibyte,
  upstreamHeaderBytes: 16 * 1024,
  unfinishedConnections: 4_096,
  upstreamConnections: 4_096,
};
