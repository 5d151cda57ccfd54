import type { Instant } from "../../../base/clock.ts";
import { PlaceHeap } from "./place-heap.ts";

/** Tenants that are remembered though nothing of theirs waits; the longest known go first. */
const idleTenantsMax = 10_000;

/** One tenant's line. Times are virtual: cost served by weight. */
export interface Flow<Request> {
  readonly tenant: string;
  weight: number;
  /** When its next request may start; the end of what it has had. */
  finish: number;
  oldest: Request | null;
  youngest: Request | null;
  heapPlace: number;
}

/** A request as the queue knows it. */
export interface FairRequest<Request = unknown> {
  readonly flow: Flow<Request>;
  readonly cost: number;
  readonly arrivedAt: Instant;
  /** Neighbours in the tenant's line, and in the order of arrival over all tenants. */
  behind: Request | null;
  ahead: Request | null;
  later: Request | null;
  earlier: Request | null;
}

/**
 * Shares starts among tenants by what their requests cost, over time in proportion to their weights.
 *
 * Start-time fair queueing (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queueing", SIGCOMM 1996): the tenant whose next
 * request has the earliest virtual start goes first. While two tenants wait all the time from the same moment on, what
 * they got differs by at most the largest request (by weight). Cost is what is reckoned when a request starts, and is put
 * right when it ends. O(log tenants) an operation.
 */
export class FairQueue<Request extends FairRequest<Request>> {
  readonly #flows = new Map<string, Flow<Request>>();
  readonly #waiting = new PlaceHeap<Flow<Request>>((left, right) => left.finish < right.finish);
  #now = 0;
  #size = 0;
  #oldest: Request | null = null;
  #youngest: Request | null = null;

  /** Requests that wait. */
  get size(): number {
    return this.#size;
  }

  /** The request that has waited longest; it is the first of its tenant. */
  get oldest(): Request | null {
    return this.#oldest;
  }

  /** The request whose turn it is. */
  get next(): Request | null {
    return this.#waiting.first?.oldest ?? null;
  }

  /** The tenant's line, opened if need be. */
  flowOf(tenant: string, weight: number): Flow<Request> {
    const known = this.#flows.get(tenant);
    if (known !== undefined) {
      known.weight = weight;
      return known;
    }
    const flow: Flow<Request> = { tenant, weight, finish: this.#now, oldest: null, youngest: null, heapPlace: -1 };
    if (this.#flows.size >= idleTenantsMax) this.#forgetOne();
    this.#flows.set(tenant, flow);
    return flow;
  }

  /** Charges a request that starts without having waited. */
  startAtOnce(flow: Flow<Request>, cost: number): void {
    if (flow.oldest === null) flow.finish = Math.max(flow.finish, this.#now);
    this.#charge(flow, cost);
    if (flow.heapPlace >= 0) this.#waiting.moved(flow);
  }

  add(request: Request): void {
    const { flow } = request;
    request.ahead = flow.youngest;
    if (flow.youngest === null) flow.oldest = request;
    else flow.youngest.behind = request;
    flow.youngest = request;
    request.earlier = this.#youngest;
    if (this.#youngest === null) this.#oldest = request;
    else this.#youngest.later = request;
    this.#youngest = request;
    this.#size += 1;
    if (flow.heapPlace >= 0) return;
    flow.finish = Math.max(flow.finish, this.#now);
    this.#waiting.add(flow);
  }

  /** Starts the first request of a tenant: `next` or `oldest`. */
  start(request: Request): void {
    this.#charge(request.flow, request.cost);
    this.remove(request);
    if (request.flow.heapPlace >= 0) this.#waiting.moved(request.flow);
  }

  /** Takes out a request that does not wait any longer. */
  remove(request: Request): void {
    const { flow, ahead, behind, earlier, later } = request;
    if (ahead === null) flow.oldest = behind;
    else ahead.behind = behind;
    if (behind === null) flow.youngest = ahead;
    else behind.ahead = ahead;
    if (earlier === null) this.#oldest = later;
    else earlier.later = later;
    if (later === null) this.#youngest = earlier;
    else later.earlier = earlier;
    this.#size -= 1;
    // What is gone must not lead to those that stay: the collector would keep them for its sake.
    request.ahead = null;
    request.behind = null;
    request.earlier = null;
    request.later = null;
    if (flow.oldest === null) this.#waiting.remove(flow);
  }

  /** Puts right what a request was charged. @param difference what it cost beyond what was reckoned. */
  correct(flow: Flow<Request>, difference: number): void {
    flow.finish += difference / flow.weight;
    if (flow.heapPlace >= 0) this.#waiting.moved(flow);
  }

  #charge(flow: Flow<Request>, cost: number): void {
    this.#now = Math.max(this.#now, flow.finish);
    flow.finish += cost / flow.weight;
  }

  /** Of the tenants known longest, the first that does not wait. */
  #forgetOne(): void {
    for (const flow of this.#flows.values()) {
      this.#flows.delete(flow.tenant);
      if (flow.oldest === null) return;
      this.#flows.set(flow.tenant, flow);
    }
  }
}
