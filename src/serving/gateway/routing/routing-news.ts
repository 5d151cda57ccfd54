/**
 * What one gateway worker tells the others: plain data that a structured clone or JSON carries.
 *
 * Two flat lists an endpoint, so that a thousand blocks are one array and not a thousand objects.
 */
export interface RoutingNews {
  /** Blocks that picks of this worker have put into caches since the last news, per endpoint. */
  readonly learnt: readonly LearntBlocks[];
  /** What this worker holds in flight now, of the endpoints where that has changed since the last news. */
  readonly loads: readonly HeldLoad[];
}

interface LearntBlocks {
  readonly endpoint: string;
  readonly blocks: readonly number[];
}

/** What one worker holds in flight on one endpoint. */
export interface HeldLoad {
  readonly endpoint: string;
  readonly requests: number;
  /** Prompt tokens that the endpoint must still compute. */
  readonly prefillTokens: number;
  /** Tokens of answers that are expected. */
  readonly outputTokens: number;
}
