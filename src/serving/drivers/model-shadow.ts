import type { Dispatcher } from "undici";
import type { Clock } from "../../base/clock.ts";
import type { DeploymentDesk } from "../gateway/deployment-desk.ts";
import { upstreamModel } from "../gateway/protocol/model-directory.ts";
import { compareAnswers } from "../gateway/protocol/compare-answers.ts";
import { compareTensors } from "../gateway/protocol/compare-tensors.ts";
import { bucketCount, bucketOf } from "../gateway/traffic-split.ts";
import type { ShadowPair } from "../gateway/shadow-tally.ts";
import type { VersionDesk } from "../gateway/version-desk.ts";
import type { Desks } from "./desks.ts";
import type { Generating } from "./generation.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { RequestEnd } from "./request-end.ts";
import type { ShadowRunner } from "./shadow-runner.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

/** Bytes of an answer that are kept to be compared; a longer one is not compared. */
const maxComparedBytes = 1024 * 1024;

/** What copies of requests need. */
export interface ShadowGround {
  readonly clock: Clock;
  readonly desks: Pick<Desks, "deskOf">;
  readonly pools: Pick<UpstreamPools, "dispatch">;
  readonly keys: Pick<UpstreamKeys, "fresh" | "read">;
  readonly recorder: Pick<TrafficRecorder, "shadows">;
  readonly shadows: ShadowRunner;
}

type Copied = Pick<Generating, "requestId" | "target" | "call">;

/**
 * Prepares a copy of a request for the deployment's shadow, where it has one and the request is drawn for it. Nothing that becomes of
 * the copy reaches the caller.
 *
 * @returns what to call with the request's end, once the caller has its answer; null when there is no copy to send.
 */
export function shadowOf(
  ground: ShadowGround,
  copied: Copied,
  answer: Pick<ModelAnswer, "copyTo">,
): ((end: RequestEnd) => void) | null {
  const { project, deployment } = copied.target.route;
  const desk = ground.desks.deskOf(project, deployment);
  if (desk === undefined) return null;
  const { route } = desk;
  const { shadow } = route;
  if (shadow === null || copied.target.versionId !== undefined) return null;
  if (bucketOf(`${route.salt}/shadow`, copied.requestId) >= shadow.percent * (bucketCount / 100)) return null;
  const original = new BoundedBytes();
  answer.copyTo((bytes) => original.add(bytes));
  return (end) => {
    if (end.kind !== "done" || end.servedBy !== route.deployment) return;
    const subject = { ...route, versionId: shadow.versionId };
    const record = (pair: ShadowPair): void => ground.recorder.shadows.record(subject, pair);
    const isTaken = ground.shadows.offer(shadow, async () => {
      const version = desk.versionOf(shadow.versionId);
      const copy = version === undefined ? null : await send(ground, desk, version, copied).catch(() => null);
      const whole = original.whole();
      if (whole === null) return;
      const pair = copy === null ? ({ kind: "failed" } as const) : compare(copied, whole, copy);
      if (pair !== null) record(pair);
    });
    if (!isTaken) record({ kind: "dropped" });
  };
}

function compare({ call }: Copied, original: Buffer, copy: Buffer): ShadowPair | null {
  if (call.answersTensors) return compareTensors(original, copy);
  return compareAnswers(original.toString("utf8"), copy.toString("utf8"));
}

/** @returns the whole answer; null when it is an error or too long. */
async function send(
  { clock, pools, keys }: ShadowGround,
  { route }: DeploymentDesk,
  version: VersionDesk,
  { requestId, target, call }: Copied,
): Promise<Buffer | null> {
  const ask = { tokensIn: 0, tokensOut: 0, blocks: null, session: null, adapter: target.adapter };
  const place = version.pick(ask, new Set(), clock.now());
  if (place === null) return null;
  const { replica } = place;
  const { credential } = replica;
  let isDone = false;
  try {
    const key =
      credential === undefined
        ? null
        : (keys.fresh(route.project, credential) ?? (await keys.read(route.project, credential)));
    const { path, headers: own, body } = call.toUpstream(upstreamModel(target, replica));
    const headers = [...own, "x-request-id", `${requestId}-shadow`];
    if (key !== null) headers.push("authorization", `Bearer ${key}`);
    for (const [name, value] of Object.entries(replica.headers ?? {})) headers.push(name, value);
    const found = await new Promise<Buffer | null>((resolve) =>
      pools.dispatch(replica, { method: "POST", path, headers, body }, new WholeAnswer(resolve)),
    );
    isDone = found !== null;
    return found;
  } finally {
    version.end(place, { kind: isDone ? "done" : "failed", tokensIn: 0, tokensOut: 0 }, clock.now());
  }
}

/** Collects an answer to its end. */
class WholeAnswer implements Dispatcher.DispatchHandler {
  readonly #bytes = new BoundedBytes();
  readonly #resolve: (whole: Buffer | null) => void;
  #isGood = false;

  constructor(resolve: (whole: Buffer | null) => void) {
    this.#resolve = resolve;
  }

  onRequestStart(): void {
    this.#isGood = false;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#isGood = status >= 200 && status < 300;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes.add(chunk);
  }

  onResponseEnd(): void {
    this.#resolve(this.#isGood ? this.#bytes.whole() : null);
  }

  onResponseError(): void {
    this.#resolve(null);
  }
}

/** Bytes up to a limit. */
class BoundedBytes {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  add(bytes: Uint8Array | string): void {
    const chunk = Buffer.from(bytes);
    this.#bytes += chunk.byteLength;
    if (this.#bytes <= maxComparedBytes) this.#chunks.push(chunk);
    else this.#chunks.length = 0;
  }

  /** All of them; null when they were more than the limit. */
  whole(): Buffer | null {
    return this.#bytes <= maxComparedBytes ? Buffer.concat(this.#chunks) : null;
  }
}
