import type { Instant, Millis } from "../../base/clock.ts";
import type { FaultCode } from "../../base/fault-codes.ts";
import type { FeatureRow } from "../../features/ports.ts";
import type { Action } from "../../platform/ports.ts";
import type { OnlineView } from "../ports.ts";
import type { Element } from "../tensor.ts";
import type { Band } from "./admission/band.ts";
import type { ShareReport } from "./limits/lease.ts";
import type { LimitTable } from "./limits/limit-table.ts";
import type { MetricFamily } from "./observe/metric-family.ts";
import type { DeploymentLoad } from "./load-meter.ts";
import type { RefusalWindow } from "./refusal-tally.ts";
import type { ReplicaLoad } from "./replica-load.ts";
import type { RoutingTable } from "./routing-table.ts";
import type { ShadowSums } from "./shadow-tally.ts";
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
  /** What shadows showed. */
  readonly shadows: readonly ShadowSums[];
  readonly predictions: readonly LoggedPrediction[];
  /** Predictions that were not logged since the last batch because the queue was full. */
  readonly dropped: number;
  /** Versions that the gateway stopped sending to by itself. */
  readonly ejected: readonly EjectedVersion[];
  /** What was refused before any replica was asked; absent from gateways of an earlier release. */
  readonly refusals?: readonly RefusalWindow[];
}

/** A version that the gateway stopped sending to, after too many consecutive errors. */
export interface EjectedVersion {
  readonly project: string;
  readonly deployment: string;
  readonly versionId: string;
  readonly revision: number;
  readonly message: string;
}

/** What the gateway asks about loading models, for a caller that may write in the project. */
export type LoadingAsk =
  | {
      readonly method: "change-loading";
      readonly project: string;
      readonly deployment: string;
      readonly change: "load" | "unload";
      /** Who wants it. */
      readonly identity: string;
    }
  /** Answered by a `LoadingState`. */
  | { readonly method: "read-loading"; readonly project: string; readonly deployment: string };

/** What the gateway asks the control plane. */
export type Ask =
  | LoadingAsk
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
  /** The id of the API key, for limits that concern one key. */
  readonly key?: string;
  /** The most urgent band that it may ask for. */
  readonly mostUrgent: Band;
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

/** What the control plane says to a worker of the gateway. */
export type ToWorker =
  | { readonly kind: "table"; readonly table: RoutingTable }
  | { readonly kind: "answer"; readonly call: number; readonly answer: Answer }
  | { readonly kind: "views"; readonly views: readonly OnlineView[] }
  | { readonly kind: "limits"; readonly limits: LimitTable }
  /** Where the control plane's HTTP API listens, and the other ports on which the platform does. */
  | { readonly kind: "control"; readonly url: string; readonly platformPorts: readonly number[] }
  | {
      readonly kind: "append";
      readonly call: number;
      readonly project: string;
      readonly view: string;
      readonly rows: readonly FeatureRow[];
    };

/** What a worker of the gateway says to the control plane. */
export type FromWorker =
  /** The first message of every connection; `revision` is that of the table it routes by. */
  | { readonly kind: "hello"; readonly place: number; readonly pid: number; readonly revision: number }
  | { readonly kind: "applied"; readonly revision: number }
  /** From now on this worker holds the online features. */
  | { readonly kind: "holding" }
  | { readonly kind: "ask"; readonly call: number; readonly ask: Ask }
  /** What it carried; one that is lost is missed by nobody for long. */
  | { readonly kind: "load"; readonly loads: readonly DeploymentLoad[]; readonly replicas: readonly ReplicaLoad[] }
  /** The replicas at which it has requests now, told every second. */
  | { readonly kind: "busy"; readonly replicas: readonly string[] }
  | { readonly kind: "appended"; readonly call: number; readonly answer: Answer };

/** The workers of one gateway, by the paths of their Unix sockets. */
export interface Neighbours {
  /** All that serve, the one that is told among them. */
  readonly sockets: readonly string[];
  /** The one that holds the online features; null while there is none. */
  readonly holder: string | null;
}

/** What the gateway's host says to a worker; a connection comes with its socket. */
export type HostToWorker =
  /** `waiting`: how many more are to be handed over, which happens one by one. */
  | { readonly kind: "connection"; readonly waiting: number }
  /** Open the online features: nobody else holds them. */
  | { readonly kind: "hold" }
  | ({ readonly kind: "neighbours" } & Neighbours)
  /** Take no more, end what is under way within the time, then end. */
  | { readonly kind: "drain"; readonly graceMs: Millis }
  /** What a neighbour tells all others. */
  | { readonly kind: "news"; readonly news: unknown }
  /** Tell what was counted, for the round. */
  | { readonly kind: "tell-metrics"; readonly round: number }
  /** The metrics of all workers, as the worker asked. */
  | { readonly kind: "gathered-metrics"; readonly call: number; readonly families: readonly MetricFamily[] };

/** What a worker says to the gateway's host. */
export type WorkerToHost =
  /** It can serve; neighbours reach it at its Unix socket. */
  | { readonly kind: "ready"; readonly socket: string }
  /** It has the connection; told before anything is read of it. */
  | { readonly kind: "taken" }
  | { readonly kind: "holding" }
  /** The online features are closed: another worker may hold them. */
  | { readonly kind: "released" }
  /** For the other workers. */
  | { readonly kind: "news"; readonly news: unknown }
  /** What it has counted since its start; `round` is null when it is about to end. */
  | { readonly kind: "metrics"; readonly round: number | null; readonly families: readonly MetricFamily[] }
  /** Somebody wants the metrics of all workers. */
  | { readonly kind: "gather-metrics"; readonly call: number };

/** What the gateway's host says to the process that started it. */
export type FromHost =
  | { readonly kind: "listening"; readonly port: number }
  /** The gateway could not start; `code` as the system names it, such as EADDRINUSE. */
  | { readonly kind: "failed"; readonly code: string | null; readonly message: string };
