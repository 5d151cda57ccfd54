import type { ServerResponse } from "node:http";
import type { Instant } from "../base/clock.ts";
import type { OnlineFeatures } from "../features/ports.ts";
import type { FeatureViewSpec } from "../features/model.ts";
import type { LoadTestState, LoadTestTask } from "./loadtest/model.ts";

/** One prediction as it was served, with what the model saw and what really happened, where that is known. */
export interface ServedPrediction {
  readonly predictionId: string;
  readonly versionId: string;
  /** The version's number as text. */
  readonly version: string;
  /** The row's own moment. */
  readonly eventAt: Instant;
  readonly servedAt: Instant;
  readonly latencyMs: number;
  /** What the caller sent, by input name. */
  readonly inputs: Readonly<Record<string, number | string | boolean | null>>;
  /** What the model saw, by column; null where a value was not known. */
  readonly features: Readonly<Record<string, number | null>>;
  readonly probability: number;
  readonly outcome: 0 | 1 | null;
}

/** What a deployment served in a time, as its gateway measured it. */
export interface ServedLoad {
  readonly project: string;
  readonly deployment: string;
  readonly requests: number;
  /** Seconds that all requests took together; over the time's length: how many were in flight on average. */
  readonly busySeconds: number;
  /** Streams of which the time to the first byte is known, and of which the time a token after it is. */
  readonly ttftCount: number;
  readonly tpotCount: number;
  /** Geometric means; null without any. */
  readonly ttftSeconds: number | null;
  readonly tpotSeconds: number | null;
  /** Means over streams that told their tokens; null without any. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** What planning asks of serving: how deployments did, to compare it with what was foreseen. */
export interface ServedLoads {
  served(from: Instant, to: Instant): Promise<readonly ServedLoad[]>;
}

/** Which predictions to read. */
export interface PredictionSample {
  /** Half-open range of `eventAt`. */
  readonly from: Instant;
  readonly to: Instant;
  /** Chosen by hash of the prediction's id when there are more, so that the choice repeats. */
  readonly limit: number;
}

/** What monitoring asks of serving. */
export interface PredictionLog {
  /** Predictions of a deployment, by `eventAt`. */
  sample(project: string, deployment: string, range: PredictionSample): Promise<readonly ServedPrediction[]>;
  /** How many predictions of the deployment lie in the range, and of how many the outcome is known. */
  count(
    project: string,
    deployment: string,
    range: { readonly from: Instant; readonly to: Instant },
  ): Promise<{ readonly predictions: number; readonly outcomes: number }>;
}

/** A feature view that the online store must know. */
export interface OnlineView {
  readonly project: string;
  readonly name: string;
  readonly spec: FeatureViewSpec;
}

/** An open online store. It keeps rows in memory, so one thread alone, the gateway's, holds it. */
export interface OpenOnlineFeatures extends OnlineFeatures {
  /** Takes the views that exist now. */
  setViews(views: readonly OnlineView[]): void;
  close(): Promise<void>;
}

/**
 * The online store as a module that any thread can load: the gateway's thread imports it by its address, since functions
 * cannot be handed to a thread.
 */
export interface OnlineFeaturesModule {
  openLmdbOnlineStore(folder: string, views: readonly OnlineView[]): OpenOnlineFeatures;
}

/** A load test of a deployment, for the server to run. */
export interface LoadTestAsk {
  readonly project: string;
  readonly deployment: string;
  /** Who asked for it. */
  readonly by: string;
  readonly task: LoadTestTask;
}

/** Runs load tests of deployments, one at a time for each. */
export interface LoadTests {
  /** @throws {Fault} `serving.load-test-running` when the deployment is under one, or too many run. */
  start(ask: LoadTestAsk): LoadTestState;
  state(project: string, deployment: string): LoadTestState;
  /** Ends it early; what was answered until then is reported. */
  end(project: string, deployment: string): LoadTestState;
}

/** A request that is passed on to the gateway in its caller's name. */
export interface RelayedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | null;
  /** The caller's own key and project, and what the gateway reads of the request. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Passes a request on and its answer back as it comes; when the signal fires the gateway's part ends, too.
 *
 * @throws {Fault} `serving.gateway-unreachable` when no answer began.
 */
export type RelayToGateway = (request: RelayedRequest, response: ServerResponse, signal: AbortSignal) => Promise<void>;
