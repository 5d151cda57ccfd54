import { joinFeatures, type RequestRows } from "../gateway/feature-join.ts";
import { readProbabilities, toReplicaRequest } from "../gateway/replica-request.ts";
import type { TabularRoute } from "../gateway/routing-table.ts";
import { compareNumbers, type ShadowPair } from "../gateway/shadow-tally.ts";
import { bucketCount, bucketOf } from "../gateway/traffic-split.ts";
import type { InferGround } from "./gateway-infer.ts";

/** How long a copy may take. */
const copyTimeoutMs = 10_000;

/**
 * Sends a copy of rows that were answered to the deployment's shadow, where it has one and the request is drawn for it; the copy
 * leaves after the answer, and nothing that becomes of it reaches the caller.
 */
export function shadowRows(
  ground: InferGround,
  route: TabularRoute,
  {
    id,
    rows,
    probabilities,
  }: { readonly id: string; readonly rows: RequestRows; readonly probabilities: readonly number[] },
): void {
  const { shadow } = route;
  if (shadow === null || bucketOf(`${route.salt}/shadow`, id) >= shadow.percent * (bucketCount / 100)) return;
  const record = (pair: ShadowPair): void =>
    ground.recorder.shadows.record({ ...route, versionId: shadow.versionId }, pair);
  const now = ground.clock.now();
  const isTaken = ground.shadows.offer(shadow, async () => {
    record(await ask(ground, route, rows, probabilities, now).catch((): ShadowPair => ({ kind: "failed" })));
  });
  if (!isTaken) record({ kind: "dropped" });
}

async function ask(
  ground: InferGround,
  route: TabularRoute,
  rows: RequestRows,
  original: readonly number[],
  now: number,
): Promise<ShadowPair> {
  const version = route.versions.find((each) => each.versionId === route.shadow?.versionId);
  if (version === undefined || version.replicas.length === 0) return { kind: "failed" };
  const joined = joinFeatures(route, version, rows, ground.features, now);
  const answer = await ground.replicas.ask(
    version.replicas,
    `/v2/models/${route.deployment}/infer`,
    toReplicaRequest(version.layout, version.output, joined),
    AbortSignal.timeout(copyTimeoutMs),
  );
  if (answer.status !== 200) return { kind: "failed" };
  return compareNumbers(original, readProbabilities(answer.body, joined.rows));
}
