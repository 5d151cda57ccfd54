import type { Clock, Instant } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Band } from "../gateway/admission/band.ts";
import type { DeploymentDesk } from "../gateway/deployment-desk.ts";
import type { FastAbort } from "../gateway/fast-abort.ts";
import type { GatewayLimits } from "../gateway/gateway-limits.ts";
import { keepsSlo, tpotOf } from "../gateway/observe/request-record.ts";
import { type ModelTarget, upstreamModel } from "../gateway/protocol/model-directory.ts";
import type { Refusal } from "../gateway/protocol/refusal.ts";
import type { RoutingAsk } from "../gateway/routing/balancer.ts";
import type { ReplicaUse } from "../gateway/replica-use.ts";
import { decideRetry, isRetryable } from "../gateway/resilience/retry-decision.ts";
import type { Measured } from "../gateway/traffic-tally.ts";
import type { Place, VersionDesk } from "../gateway/version-desk.ts";
import { ejectionKey } from "./gateway-infer.ts";
import type { ModelAnswer } from "./model-answer.ts";
import type { ModelCall } from "./model-call.ts";
import { notReady } from "./not-ready.ts";
import type { Places } from "./places.ts";
import type { RequestEnd } from "./request-end.ts";
import type { ShadowRunner } from "./shadow-runner.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";
import type { UpstreamPools } from "./upstream-pools.ts";
import { type TryEnd, UpstreamTry } from "./upstream-try.ts";

/** What carrying a request to a model needs. */
export interface GenerationGround {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
  readonly places: Places;
  readonly pools: Pick<UpstreamPools, "dispatch">;
  readonly keys: Pick<UpstreamKeys, "fresh" | "read">;
  readonly recorder: Pick<TrafficRecorder, "tally" | "eject" | "shadows">;
  readonly fastAbort: FastAbort;
  readonly shadows: ShadowRunner;
  readonly use: ReplicaUse;
  /** The desk of a deployment that a route names as its fallback. */
  readonly deskOf: (project: string, deployment: string) => DeploymentDesk | undefined;
}

/** One request, understood and let in. */
export interface Generating {
  /** Unique in this gateway; `requestId` is the caller's to choose. */
  readonly id: string;
  readonly requestId: string;
  readonly identity: string;
  /** How urgent the caller says it is. */
  readonly band: Band;
  readonly target: ModelTarget;
  readonly ask: RoutingAsk;
  readonly call: ModelCall;
  /** Requests with the same key get the same version. */
  readonly splitKey: string;
  /** The version that the caller wants, and no other; null lets the split choose. */
  readonly versionId: string | null;
  /** Who counts as one caller in the split; null where each request does. */
  readonly caller: string | null;
  readonly traceparent: string | null;
  readonly answer: ModelAnswer;
}

/** What one deployment made of the request: its end, or a refusal after which a fallback may be asked. */
type DeskEnd =
  | { readonly kind: "over"; readonly end: TryEnd }
  | { readonly kind: "fallback"; readonly refusal: Refusal };

const none: ReadonlySet<string> = new Set();

/** Steps from a deployment to its fallback, and on to that one's, that a request goes at most. */
const maxFallbackHops = 4;

/** Carries one request to a model and its answer back: waits for a place, picks replicas, tries again, falls back. */
export class Generation {
  readonly #ground: GenerationGround;
  readonly #asked: Generating;
  readonly #ask: RoutingAsk;
  /** What it waits for, to be cancelled when the caller goes away. */
  #pending: { cancel(): void } | null = null;
  #isGone = false;
  #queueMs = 0;
  #heldMs: number | null = null;
  #tries = 0;
  #firstByteAt: Instant | null = null;
  /** Of the present try, by the monotonic clock. */
  #firstByteMs: number | null = null;
  #servedBy = "";
  #version = "";

  constructor(ground: GenerationGround, asked: Generating) {
    this.#ground = ground;
    this.#asked = asked;
    this.#ask = asked.ask;
  }

  /** The caller went away, or a limit of the gateway was reached: whatever the request does now ends at once. */
  abort(): void {
    this.#isGone = true;
    this.#pending?.cancel();
  }

  /** Runs to the end; the caller has its answer then. Never throws what the caller could mend. */
  async run(desk: DeploymentDesk): Promise<RequestEnd> {
    const first = await this.#tryDesk(desk);
    if (first.kind === "over") return this.#endOf(first.end);
    for (const each of this.#fallbacks(desk)) {
      const end = await this.#tryDesk(each);
      if (end.kind === "over") return this.#endOf(end.end);
    }
    const { refusal } = first;
    this.#asked.answer.refuse(refusal);
    return this.#endOf({ kind: "refused", refusal, status: null });
  }

  /** The deployment's own fallbacks first, then those that they name; each once. */
  *#fallbacks({ route: asked }: DeploymentDesk): Iterable<DeploymentDesk> {
    if (this.#asked.versionId !== null) return;
    const met = new Set([asked.deployment]);
    let names = asked.fallbacks;
    for (let hop = 0; hop < maxFallbackHops && names.length > 0; hop += 1) {
      const next: string[] = [];
      for (const name of names) {
        const other = met.has(name) ? undefined : this.#ground.deskOf(asked.project, name);
        met.add(name);
        if (other === undefined || other.route.protocol !== asked.protocol) continue;
        yield other;
        next.push(...other.route.fallbacks);
      }
      names = next;
    }
  }

  async #tryDesk(desk: DeploymentDesk): Promise<DeskEnd> {
    const held = desk.isAsleep ? await this.#hold(desk) : null;
    if (held !== null) return held;
    const { places, clock } = this.#ground;
    const since = clock.now();
    const cost = Math.max(1, this.#ask.tokensIn + 2 * this.#ask.tokensOut);
    const deadline = since + desk.route.admission.queueTimeoutMs;
    const { identity: tenant, band } = this.#asked;
    const taken = places.take(desk.queue, { band, tenant, weight: 1, cost, deadline }, since);
    if ("wait" in taken) this.#pending = taken;
    const wait = "wait" in taken ? await taken.wait : taken;
    this.#pending = null;
    this.#queueMs += clock.now() - since;
    if (wait.kind === "gone") return over(gone);
    if (wait.kind === "refused") return { kind: "fallback", refusal: wait.refusal };
    let used = cost;
    try {
      const end = await this.#tryReplicas(desk);
      if (end.kind === "over" && "usage" in end.end && end.end.usage !== null) {
        used = end.end.usage.tokensIn + 2 * end.end.usage.tokensOut;
      }
      return end;
    } finally {
      if (wait.ticket !== null) places.release(desk.queue, wait.ticket, used, clock.now());
    }
  }

  /** Waits for the first replica of a deployment that has none. @returns null when there is one. */
  async #hold(desk: DeploymentDesk): Promise<DeskEnd | null> {
    const { places, clock } = this.#ground;
    const since = clock.now();
    const taken = places.hold(desk.room, this.#asked.id, since + (desk.route.hold?.maxMs ?? 0), since);
    if ("wait" in taken) this.#pending = taken;
    const wait = "wait" in taken ? await taken.wait : taken;
    this.#pending = null;
    this.#heldMs = clock.now() - since;
    this.#queueMs += this.#heldMs;
    if (wait.kind === "gone") return over(gone);
    return wait.kind === "refused" ? { kind: "fallback", refusal: wait.refusal } : null;
  }

  async #tryReplicas(desk: DeploymentDesk): Promise<DeskEnd> {
    desk.budget.earn();
    const { fastAbort } = this.#ground;
    const isOut = (versionId: string): boolean =>
      !fastAbort.isQuiet && fastAbort.isEjected(ejectionKey(desk.route, { versionId }));
    let tried = none;
    const { versionId, splitKey } = this.#asked;
    let version = versionId === null ? desk.versionFor(splitKey, isOut) : desk.versionOf(versionId);
    for (let tries = 1; !this.#isGone; tries += 1) {
      const [asked, place] = this.#pick(desk, version, tried);
      version = asked;
      if (version === undefined || place === null)
        return { kind: "fallback", refusal: notReady(desk, this.#ground.clock) };
      this.#tries += 1;
      const end = await this.#send(desk, version, place);
      if (end.kind !== "refused") return over(end);
      tried = new Set(tried).add(place.replica.id);
      if (!this.#isPinned) version = desk.champion ?? version;
      const pause = this.#pauseAfter(desk, version, tried, tries, end);
      if (pause === null) return this.#giveUp(end);
      await this.#wait(pause);
    }
    return over(gone);
  }

  #pick(
    desk: DeploymentDesk,
    version: VersionDesk | undefined,
    tried: ReadonlySet<string>,
  ): readonly [VersionDesk | undefined, Place | null] {
    const now = this.#ground.clock.now();
    const place = this.#pickOf(version, tried, now);
    if (place !== null || this.#isPinned || version === desk.champion) return [version, place];
    const second = this.#pickOf(desk.champion, tried, now);
    return second === null ? [version, null] : [desk.champion, second];
  }

  #pickOf(version: VersionDesk | undefined, tried: ReadonlySet<string>, now: Instant): Place | null {
    if (version === undefined) return null;
    return version.pick(this.#ask, tried, now) ?? (tried.size === 0 ? null : version.pick(this.#ask, none, now));
  }

  #pauseAfter(
    desk: DeploymentDesk,
    version: VersionDesk,
    tried: ReadonlySet<string>,
    tries: number,
    end: Extract<TryEnd, { kind: "refused" }>,
  ): number | null {
    return decideRetry({
      tries,
      status: end.status,
      shouldRetry: end.refusal.shouldRetry,
      retryAfterMs: end.refusal.retryAfterMs,
      hasOther: version.hasOther(tried, this.#ground.clock.now()),
      takeFromBudget: () => desk.budget.spend(),
      random: this.#ground.random.next(),
    });
  }

  /** No further try here: what the caller did wrong is told at once, else a fallback may be asked. */
  #giveUp(end: Extract<TryEnd, { kind: "refused" }>): DeskEnd {
    if (end.status === null || isRetryable(end.status)) return { kind: "fallback", refusal: end.refusal };
    this.#asked.answer.refuse(end.refusal);
    return over(end);
  }

  async #send(desk: DeploymentDesk, version: VersionDesk, place: Place): Promise<TryEnd> {
    const { clock } = this.#ground;
    const sentMs = performance.now();
    this.#firstByteMs = null;
    let end: TryEnd = gone;
    this.#ground.use.enter(place.replica.id);
    try {
      end = await this.#dispatch(desk, version, place);
    } finally {
      this.#pending = null;
      this.#ground.use.leave(place.replica.id);
      const now = clock.now();
      const kind =
        end.kind === "answered" ? "done" : end.kind === "aborted" ? "aborted" : isFailure(end) ? "failed" : "done";
      const usage = "usage" in end ? end.usage : null;
      version.end(
        place,
        {
          kind,
          tokensIn: usage?.tokensIn ?? this.#ask.tokensIn,
          tokensOut: usage?.tokensOut ?? ("frames" in end ? end.frames : 0),
          ...(usage === null ? {} : { tokensCached: usage.tokensCached }),
        },
        now,
      );
      this.#count(desk, version, end, sentMs);
    }
    return end;
  }

  async #dispatch(desk: DeploymentDesk, version: VersionDesk, place: Place): Promise<TryEnd> {
    const { clock, keys, limits, pools } = this.#ground;
    const { replica } = place;
    const { answer, call, target } = this.#asked;
    const { project } = desk.route;
    const isAsked = desk.route === target.route || desk.route.deployment === target.route.deployment;
    const model = upstreamModel({ route: desk.route, adapter: isAsked ? target.adapter : null }, replica);
    const { credential } = replica;
    const key =
      credential === undefined ? null : (keys.fresh(project, credential) ?? (await keys.read(project, credential)));
    if (this.#isGone) return gone;
    this.#servedBy = desk.route.deployment;
    this.#version = version.version.version;
    return await new Promise<TryEnd>((resolve) => {
      const attempt = new UpstreamTry({
        clock,
        limits,
        answer,
        isStream: call.isStream,
        stripsUsage: call.stripsUsage,
        wantsBase64: call.wantsBase64,
        answersTensors: call.answersTensors,
        onFirstByte: () => {
          const now = clock.now();
          this.#firstByteAt = now;
          this.#firstByteMs = performance.now();
          version.firstByte(place, now);
          answer.addHeaders({ "x-millwright-deployment": this.#servedBy, "x-millwright-version": this.#version });
        },
        onEnd: resolve,
      });
      this.#pending = attempt;
      const { path, headers, body } = call.toUpstream(model);
      pools.dispatch(
        replica,
        { method: "POST", path, headers: this.#headers(headers, replica.headers, key), body },
        attempt,
      );
    });
  }

  #headers(asked: readonly string[], own: Readonly<Record<string, string>> | undefined, key: string | null): string[] {
    const { requestId, traceparent } = this.#asked;
    const headers = [...asked, "x-request-id", requestId];
    if (traceparent !== null) headers.push("traceparent", traceparent);
    if (key !== null) headers.push("authorization", `Bearer ${key}`);
    if (own !== undefined) for (const [name, value] of Object.entries(own)) headers.push(name, value);
    return headers;
  }

  /** Tells the rollout's statistics what happened; what the caller did wrong counts for no version. */
  #count(desk: DeploymentDesk, version: VersionDesk, end: TryEnd, sentMs: number): void {
    if (end.kind === "aborted" || (end.kind === "refused" && !isFailure(end))) return;
    const { recorder, fastAbort, clock } = this.#ground;
    const { route } = desk;
    recorder.tally.record(route, version.version, clock.now(), this.#measure(route, end, sentMs));
    if (end.kind === "answered") {
      if (!fastAbort.isQuiet) fastAbort.recordSuccess(ejectionKey(route, version.version));
      return;
    }
    const key = ejectionKey(route, version.version);
    if (version.version.versionId === route.champion) return;
    if (!fastAbort.recordError(key, route.fastAbortErrors)) return;
    const { project, deployment, revision } = route;
    const message = `${route.fastAbortErrors} errors in a row, the last: ${end.refusal.message}`;
    recorder.eject({ project, deployment, versionId: version.version.versionId, revision, message });
  }

  /** Whether the caller named a version, so that no other may answer. */
  get #isPinned(): boolean {
    return this.#asked.versionId !== null;
  }

  /** How the present try went, from when it was sent: what a version takes, without the wait for a place. */
  #measure(route: DeploymentDesk["route"], end: TryEnd, sentMs: number): Measured {
    const drawn = this.#tries === 1 && !this.#isPinned ? { caller: this.#asked.caller } : {};
    const durationMs = performance.now() - sentMs;
    const ttftMs = this.#firstByteMs === null ? null : this.#firstByteMs - sentMs;
    const tokensOut = ("usage" in end ? end.usage?.tokensOut : undefined) ?? ("frames" in end ? end.frames : 0);
    const outcome = end.kind === "answered" ? "done" : "failed";
    const whole = { outcome, ttftMs, durationMs, tokensOut } as const;
    const isGood = route.slo === null ? null : keepsSlo(whole, route.slo);
    if (outcome === "failed") return { latencyMs: null, isGood, ...drawn };
    const usage = "usage" in end ? end.usage : null;
    const stream = this.#asked.call.isStream ? { ttftMs, tpotMs: tpotOf(whole), tokens: usage } : {};
    return { latencyMs: durationMs, isGood, ...stream, ...drawn };
  }

  #wait(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      const cancel = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#pending = { cancel };
    });
  }

  #endOf(end: TryEnd): RequestEnd {
    return {
      kind: end.kind === "answered" ? "done" : end.kind === "aborted" ? "aborted" : "failed",
      refusal: "refusal" in end ? end.refusal : null,
      usage: "usage" in end ? end.usage : null,
      frames: "frames" in end ? end.frames : 0,
      servedBy: this.#servedBy,
      version: this.#version,
      queueMs: this.#queueMs,
      heldMs: this.#heldMs,
      firstByteAt: this.#firstByteAt,
      retries: Math.max(0, this.#tries - 1),
    };
  }
}

const gone: TryEnd = { kind: "aborted", usage: null, frames: 0 };

function over(end: TryEnd): DeskEnd {
  return { kind: "over", end };
}

/** Whether an end tells of a trouble of the replica, not of the request. */
function isFailure(end: TryEnd): boolean {
  if (end.kind === "broken") return true;
  return end.kind === "refused" && (end.status === null || end.status === 408 || end.status >= 500);
}
