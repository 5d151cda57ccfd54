import type { Clock } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import type { OnlineFeatures } from "../../features/ports.ts";
import type { FastAbort } from "../gateway/fast-abort.ts";
import { checkRequestRows, type JoinedRows, joinFeatures, type RequestRows } from "../gateway/feature-join.ts";
import { tabularOutput } from "../gateway/model-metadata.ts";
import { readProbabilities, toReplicaRequest } from "../gateway/replica-request.ts";
import type { TabularRoute, TabularVersion } from "../gateway/routing-table.ts";
import { bucketOf, type SplitAsk, stickyCaller, versionNamed, versionOfBucket } from "../gateway/traffic-split.ts";
import type { InferRequest } from "../infer-request.ts";
import type { InferResponse } from "../infer-response.ts";
import { type Element, elementAt } from "../tensor.ts";
import type { ReplicaAnswer, ReplicaClient } from "./replica-client.ts";
import type { ShadowRunner } from "./shadow-runner.ts";
import { shadowRows } from "./tabular-shadow.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";

/** What serving one request needs. */
export interface InferGround {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly features: OnlineFeatures;
  readonly replicas: Pick<ReplicaClient, "ask">;
  readonly recorder: Pick<TrafficRecorder, "tally" | "log" | "eject" | "shadows">;
  readonly fastAbort: FastAbort;
  readonly shadows: ShadowRunner;
}

/** One request on its way. */
interface Served {
  readonly route: TabularRoute;
  readonly request: InferRequest;
  readonly rows: RequestRows;
  readonly id: string;
  readonly startedMs: number;
  readonly signal: AbortSignal;
  /** Who counts as one caller in the split; null where each request does. */
  readonly caller: string | null;
  readonly onAsk: InferAsk["onAsk"];
}

/** What is asked, and by whom. */
export interface InferAsk extends Omit<SplitAsk, "requestId"> {
  readonly request: InferRequest;
  /** The version that the caller names; null leaves it to the split. */
  readonly version: string | null;
  /** Hears of each version before its replicas are asked. */
  readonly onAsk: (version: TabularVersion) => void;
}

/**
 * Serves one inference: checks the rows, picks the version, joins the features, asks a replica, records what happened.
 *
 * A version other than the champion that cannot be reached at all counts an error and the champion answers instead, since no model
 * has seen the request yet. Any other failure is the caller's answer.
 */
export async function serveInference(
  ground: InferGround,
  route: TabularRoute,
  { request, version: versionName, identity, header, onAsk }: InferAsk,
  signal: AbortSignal,
): Promise<InferResponse> {
  const startedMs = performance.now();
  const id = request.id ?? ground.newId();
  const caller = stickyCaller(route.sticky, { requestId: id, identity, header });
  const rows = checkRequestRows(route, request);
  const served: Served = { route, request, rows, id, startedMs, signal, caller, onAsk };
  const version = versionName === null ? splitVersion(ground, route, caller ?? id) : pinnedVersion(route, versionName);
  try {
    return await askVersion(ground, served, version, versionName === null);
  } catch (error) {
    const champion = championOf(route);
    if (
      !isFault(error, "serving.replica-unreachable") ||
      versionName !== null ||
      champion === undefined ||
      champion === version
    ) {
      throw error;
    }
    return await askVersion(ground, served, champion, false);
  }
}

function splitVersion(ground: InferGround, route: TabularRoute, splitKey: string): TabularVersion {
  const chosen = versionOfBucket(route, bucketOf(route.salt, splitKey));
  if (chosen !== undefined && isUsable(ground, route, chosen)) return chosen;
  const other = route.versions.findLast((version) => isUsable(ground, route, version)) ?? championOf(route);
  if (other !== undefined && other.replicas.length > 0) return other;
  throw new Fault(
    "serving.model-not-ready",
    `${route.deployment} has no replica that is ready; see: millwright describe deployment ${route.deployment}`,
  );
}

function isUsable(ground: InferGround, route: TabularRoute, version: TabularVersion): boolean {
  return version.replicas.length > 0 && !ground.fastAbort.isEjected(ejectionKey(route, version));
}

function pinnedVersion(route: TabularRoute, name: string): TabularVersion {
  const version = versionNamed(route, name);
  if (version !== undefined) return version;
  throw new Fault(
    "serving.model-missing",
    `${route.deployment} serves the versions ${route.versions.map((each) => each.version).join(", ")}; found ${name}`,
  );
}

function championOf(route: TabularRoute): TabularVersion | undefined {
  return route.versions.find((version) => version.versionId === route.champion);
}

/** Names one version in one revision of one route. */
export function ejectionKey(
  route: Pick<TabularRoute, "project" | "deployment" | "revision">,
  version: Pick<TabularVersion, "versionId">,
): string {
  return `${route.project}/${route.deployment}/${route.revision}/${version.versionId}`;
}

/** @param isDrawn whether the split chose this version for the caller. */
async function askVersion(
  ground: InferGround,
  served: Served,
  version: TabularVersion,
  isDrawn: boolean,
): Promise<InferResponse> {
  const { route, signal } = served;
  const attemptedMs = performance.now();
  try {
    const joined = joinFeatures(route, version, served.rows, ground.features, ground.clock.now());
    const path = `/v2/models/${route.deployment}/infer`;
    served.onAsk(version);
    const answer = await ground.replicas.ask(
      version.replicas,
      path,
      toReplicaRequest(version.layout, version.output, joined),
      signal,
    );
    checkAnswer(answer, version);
    const probabilities = readProbabilities(answer.body, joined.rows);
    const latencyMs = performance.now() - attemptedMs;
    ground.recorder.tally.record(route, version, ground.clock.now(), {
      latencyMs,
      ...(isDrawn ? { caller: served.caller } : {}),
    });
    ground.fastAbort.recordSuccess(ejectionKey(route, version));
    logPredictions(ground, served, version, joined, probabilities);
    shadowRows(ground, route, { id: served.id, rows: served.rows, probabilities });
    return toResponse(served, version, joined, probabilities);
  } catch (error) {
    if (!signal.aborted) recordError(ground, served, version, error, isDrawn);
    throw error;
  }
}

function checkAnswer(answer: ReplicaAnswer, version: TabularVersion): void {
  if (answer.status === 200) return;
  const text = new TextDecoder().decode(answer.body);
  throw new Fault(
    "serving.inference-failed",
    `version ${version.version} answered ${answer.status}: ${text.slice(0, 500)}`,
  );
}

function recordError(
  ground: InferGround,
  { route, caller }: Served,
  version: TabularVersion,
  error: unknown,
  isDrawn: boolean,
): void {
  ground.recorder.tally.record(route, version, ground.clock.now(), { latencyMs: null, ...(isDrawn ? { caller } : {}) });
  if (version.versionId === route.champion) return;
  if (!ground.fastAbort.recordError(ejectionKey(route, version), route.fastAbortErrors)) return;
  const { project, deployment, revision } = route;
  const message = `${route.fastAbortErrors} errors in a row, the last: ${error instanceof Error ? error.message : String(error)}`;
  ground.recorder.eject({ project, deployment, versionId: version.versionId, revision, message });
}

function logPredictions(
  ground: InferGround,
  served: Served,
  version: TabularVersion,
  joined: JoinedRows,
  probabilities: readonly number[],
): void {
  const { route, id, rows } = served;
  const servedAt = ground.clock.now();
  const latencyMs = performance.now() - served.startedMs;
  const width = joined.columns.length;
  for (let row = 0; row < joined.rows; row += 1) {
    const inputs: Record<string, Element> = {};
    for (const [name, tensor] of rows.inputs) inputs[name] = elementAt(tensor, row);
    ground.recorder.log({
      predictionId: joined.rows === 1 ? id : `${id}:${row}`,
      project: route.project,
      deployment: route.deployment,
      versionId: version.versionId,
      version: version.version,
      revision: route.revision,
      eventAt: joined.moments[row] ?? servedAt,
      servedAt,
      latencyMs,
      inputs,
      features: joined.values.slice(row * width, (row + 1) * width),
      probability: probabilities[row] ?? Number.NaN,
    });
  }
}

function toResponse(
  served: Served,
  version: TabularVersion,
  joined: JoinedRows,
  probabilities: readonly number[],
): InferResponse {
  return {
    modelName: served.route.deployment,
    modelVersion: version.version,
    id: served.id,
    parameters: { prediction_id: served.id },
    outputs: [{ name: tabularOutput, datatype: "FP32", shape: [joined.rows], data: probabilities }],
  };
}
