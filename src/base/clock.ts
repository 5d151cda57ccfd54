/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** A span of time in milliseconds. */
export type Millis = number;

/** Where the time comes from; decisions take an `Instant` instead. */
export interface Clock {
  now(): Instant;
}
