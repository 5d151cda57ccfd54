/** Why a request was refused before any replica was asked: few words, since each is a label. */
export type RefusalReason =
  | "unknown-key"
  | "no-permission"
  | "unknown-model"
  | "malformed"
  | "limit-requests"
  | "limit-tokens"
  | "limit-concurrency"
  | "limit-budget"
  /** A worker's share of the limits was used up, and their owner was not heard in time. */
  | "limit-share"
  | "queue-full"
  | "late"
  | "no-endpoint"
  /** The key is not known here, and nobody could be asked about it. */
  | "no-verdict";
