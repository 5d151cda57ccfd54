import type { Instant } from "../../base/clock.ts";
import { LearntCapacity } from "./admission/learnt-capacity.ts";
import type { Balancer, Elsewhere, EndpointLoad, Picked, RoutingAsk, RoutingOutcome } from "./routing/balancer.ts";
import type { RoutingNews } from "./routing/routing-news.ts";
import type { EngineLoad } from "./routing/engine-load.ts";
import { CircuitBreaker } from "./resilience/circuit-breaker.ts";
import { OutlierEjection } from "./resilience/outlier-ejection.ts";
import type { ModelReplica, ModelRoute } from "./routing-table.ts";

type Version = ModelRoute["versions"][number];

/** A replica that a request is sent to; it counts as in flight until `VersionDesk.end`. */
export interface Place {
  readonly replica: ModelReplica;
  readonly picked: Picked;
}

/** Chooses among the replicas of one version and keeps requests away from those that fail. */
export class VersionDesk {
  readonly #balancer: Balancer;
  readonly #outliers = new OutlierEjection();
  readonly #breakers = new Map<string, CircuitBreaker>();
  /** Of replicas that do not say how many requests they work on. */
  readonly #capacities = new Map<string, LearntCapacity>();
  #version: Version;
  #replicas = new Map<string, ModelReplica>();

  constructor(version: Version, balancer: Balancer, now: Instant) {
    this.#balancer = balancer;
    this.#version = version;
    this.setVersion(version, now);
  }

  get version(): Version {
    return this.#version;
  }

  get isEmpty(): boolean {
    return this.#replicas.size === 0;
  }

  /** Takes the replicas that there are now; what is known of those that stay is kept. */
  setVersion(version: Version, now: Instant): void {
    this.#version = version;
    this.#replicas = new Map(version.replicas.map((replica) => [replica.id, replica]));
    this.#outliers.retain(new Set(this.#replicas.keys()));
    for (const id of this.#breakers.keys()) if (!this.#replicas.has(id)) this.#breakers.delete(id);
    for (const id of this.#replicas.keys()) if (!this.#breakers.has(id)) this.#breakers.set(id, new CircuitBreaker());
    this.#setCapacities(version);
    this.#balancer.retain(
      version.replicas.map(({ id, slots, adapters }) => ({ id, weight: 1, slots, adapters })),
      now,
    );
  }

  /** What the balancer has learnt since the last call, for other workers. */
  takeNews(): RoutingNews {
    return this.#balancer.takeNews();
  }

  /** Takes what another worker's balancer has learnt. */
  hear(worker: string, news: RoutingNews, now: Instant): void {
    this.#balancer.hear(worker, news, now);
  }

  /** @param tried replicas that have failed this very request. @returns null when no other replica may be asked now. */
  pick(ask: RoutingAsk, tried: ReadonlySet<string>, now: Instant): Place | null {
    const mayAsk = (id: string): boolean => !tried.has(id) && this.#admits(id, now);
    // How many may be under way in all is the queue's affair: one that is full is only asked when all are.
    const picked =
      this.#balancer.pick(ask, (id) => mayAsk(id) && this.#capacities.get(id)?.isFull !== true, now) ??
      this.#balancer.pick(ask, mayAsk, now);
    const replica = picked === null ? undefined : this.#replicas.get(picked.endpoint);
    if (picked === null || replica === undefined) return null;
    this.#breakers.get(replica.id)?.sent(now);
    this.#capacities.get(replica.id)?.began();
    return { replica, picked };
  }

  /** Whether a replica other than those could be asked now. */
  hasOther(tried: ReadonlySet<string>, now: Instant): boolean {
    for (const id of this.#replicas.keys()) if (!tried.has(id) && this.#admits(id, now)) return true;
    return false;
  }

  firstByte(place: Place, now: Instant): void {
    this.#balancer.firstByte(place.picked, now);
  }

  /** The request is no longer at the replica; once for each place. @returns whether the replica is an outlier from now on. */
  end(place: Place, outcome: RoutingOutcome, now: Instant): boolean {
    this.#balancer.end(place.picked, outcome, now);
    const { id } = place.replica;
    this.#capacities.get(id)?.ended(outcome.kind === "failed", now);
    const breaker = this.#breakers.get(id);
    if (outcome.kind === "done") breaker?.succeeded();
    else if (outcome.kind === "failed") breaker?.failed(now);
    else breaker?.forgotten(now);
    return outcome.kind !== "aborted" && this.#outliers.record(id, outcome.kind === "failed", now);
  }

  /** What a replica's engine says of its load. @returns whether another number of requests is kept under way there now. */
  correct(replica: string, load: EngineLoad, now: Instant): boolean {
    if (!this.#replicas.has(replica)) return false;
    this.#balancer.correct(replica, load, now);
    const learnt = this.#capacities.get(replica);
    const before = learnt?.capacity;
    learnt?.observe(load, now);
    return learnt?.capacity !== before;
  }

  /** Requests that a replica works on at once, as it says or as was learnt; null while nothing bounds them. */
  placesAt({ id, slots }: ModelReplica): number | null {
    return slots ?? this.#capacities.get(id)?.capacity ?? null;
  }

  /** What other workers hold on a replica. */
  elsewhere(replica: string): Elsewhere {
    return this.#balancer.elsewhere(replica);
  }

  /** What each replica holds now. */
  loads(): readonly (EndpointLoad & { readonly capacity: number | null })[] {
    return this.#balancer.loads().map((load) => {
      const replica = this.#replicas.get(load.endpoint);
      return { ...load, capacity: replica === undefined ? null : this.placesAt(replica) };
    });
  }

  /** When a replica may be asked again; `now` when one may at once. */
  opensAt(now: Instant): Instant {
    let soonest = Number.POSITIVE_INFINITY;
    for (const breaker of this.#breakers.values()) soonest = Math.min(soonest, breaker.opensAt(now));
    return soonest;
  }

  #setCapacities({ replicas }: Version): void {
    const learning = new Set(replicas.flatMap(({ id, slots }) => (slots === null ? [id] : [])));
    for (const id of this.#capacities.keys()) if (!learning.has(id)) this.#capacities.delete(id);
    for (const id of learning) if (!this.#capacities.has(id)) this.#capacities.set(id, new LearntCapacity());
  }

  #admits(id: string, now: Instant): boolean {
    return (this.#breakers.get(id)?.admits(now) ?? false) && this.#outliers.admits(id, now);
  }
}
