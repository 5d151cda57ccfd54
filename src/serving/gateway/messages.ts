import type { Instant, Millis } from "../../base/clock.ts";
import type { FaultCode } from "../../base/fault-codes.ts";
import type { FeatureRow } from "../../features/ports.ts";
import type { Action } from "../../platform/ports.ts";
import type { OnlineView } from "../ports.ts";
import type { Element } from "../tensor.ts";
import type { ShareReport } from "./limits/lease.ts";
import type { LimitTable } from "./limits/limit-table.ts";
import type { RoutingTable } from "./routing-table.ts";
import type { TrafficWindow } from "./traffic-tally.ts";

/** One row that was predicted. */
export interface LoggedPrediction {
  /** The request's id, followed by `:row` when the request held several rows. */
  readonly predictionId: string;
  readonly project: string;
  readonly deployment: string;
  readonly versionId: string;
  readonly version: string;
  readonly revision: number;
  /** The row's own moment. */
  readonly eventAt: Instant;
  readonly servedAt: Instant;
  readonly latencyMs: Millis;
  /** What the caller sent, by input name. */
  readonly inputs: Readonly<Record<string, Element>>;
  /** What the model saw, in the order of its columns. */
  readonly features: readonly Element[];
  readonly probability: number;
}

/** What really happened to a predicted row. */
export interface Outcome {
  /** The `predictionId`. */
  readonly requestId: string;
  readonly outcome: 0 | 1;
  /** When it became known. */
  readonly at: Instant;
}

/** What the gateway hands over at once; `sequence` makes taking it twice change nothing. */
export interface TrafficBatch {
  /** Names the gateway's run. */
  readonly gateway: string;
  readonly sequence: number;
  readonly windows: readonly TrafficWindow[];
  readonly predictions: readonly LoggedPrediction[];
  /** Predictions that were not logged since the last batch because the queue was full. */
  readonly dropped: number;
  /** Versions that the gateway stopped sending to by itself. */
  readonly ejected: readonly EjectedVersion[];
}

/** A version that the gateway stopped sending to, after too many consecutive errors. */
export interface EjectedVersion {
  readonly project: string;
  readonly deployment: string;
  readonly versionId: string;
  readonly revision: number;
  readonly message: string;
}

/** What the gateway asks the control plane. */
export type Ask =
  | { readonly method: "authorise"; readonly token: string; readonly action: Action; readonly project: string | null }
  | { readonly method: "record"; readonly batch: TrafficBatch }
  /** Answered by one `ShareGrant` for each report. */
  | { readonly method: "lease"; readonly worker: string; readonly reports: readonly ShareReport[] }
  | {
      readonly method: "outcomes";
      readonly project: string;
      readonly deployment: string;
      readonly outcomes: readonly Outcome[];
    };

/** Who asks, once the key was found good: the project in which the request acts. */
export interface Admission {
  readonly identity: string;
  readonly project: string;
}

/** How many outcomes were new, and how many met a prediction. */
export interface OutcomesTaken {
  readonly taken: number;
  readonly joined: number;
}

/** What the control plane answers to an ask. */
export type Answer =
  | { readonly kind: "answered"; readonly value: unknown }
  | { readonly kind: "refused"; readonly code: FaultCode; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

/** What the control plane says to the gateway's thread. */
export type ToGateway =
  | { readonly kind: "table"; readonly table: RoutingTable }
  | { readonly kind: "answer"; readonly call: number; readonly answer: Answer }
  | { readonly kind: "views"; readonly views: readonly OnlineView[] }
  | { readonly kind: "limits"; readonly limits: LimitTable }
  | {
      readonly kind: "append";
      readonly call: number;
      readonly project: string;
      readonly view: string;
      readonly rows: readonly FeatureRow[];
    }
  | { readonly kind: "stop" };

/** What the gateway's thread says to the control plane. */
export type FromGateway =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "applied"; readonly revision: number }
  | { readonly kind: "ask"; readonly call: number; readonly ask: Ask }
  | { readonly kind: "appended"; readonly call: number; readonly answer: Answer }
  | { readonly kind: "stopped" }
  /** The gateway could not start; `code` as the system names it, such as EADDRINUSE. */
  | { readonly kind: "failed"; readonly code: string | null; readonly message: string };
