import type { Instant, Millis } from "../../../base/clock.ts";
import type { Fleet } from "./fleet.ts";
import type { Member } from "./member.ts";
import type { HeldLoad, RoutingNews } from "./routing-news.ts";

/** Blocks that are kept to be told; what is learnt beyond them the others do not hear. */
const blocksMax = 65_536;
/** A worker that told nothing for so long has ended: what it held is no longer counted. */
const silenceMaxMs: Millis = 10_000;
const expiryEveryMs: Millis = 1_000;

interface Worker {
  heardAt: Instant;
  readonly loads: Map<string, HeldLoad>;
}

/** Collects what this worker has to tell the others, and keeps what they told. */
export class NewsDesk {
  readonly #fleet: Fleet;
  readonly #learnt = new Map<Member, Set<number>>();
  #learntCount = 0;
  readonly #changed: Member[] = [];
  readonly #workers = new Map<string, Worker>();
  #expiresAt: Instant = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Other workers that were heard of lately. */
  get workers(): number {
    return this.#workers.size;
  }

  learnt(member: Member, blocks: readonly number[]): void {
    if (this.#learntCount + blocks.length > blocksMax) return;
    const known = this.#learnt.get(member) ?? new Set();
    this.#learnt.set(member, known);
    this.#learntCount -= known.size;
    // The last block first, as the index learns them: a set keeps the order.
    for (let place = blocks.length - 1; place >= 0; place -= 1) known.add(blocks[place] ?? 0);
    this.#learntCount += known.size;
  }

  changed(member: Member): void {
    if (member.isNews) return;
    member.isNews = true;
    this.#changed.push(member);
  }

  take(): RoutingNews {
    const learnt = [...this.#learnt].map(([member, blocks]) => ({
      endpoint: member.endpoint.id,
      blocks: [...blocks].reverse(),
    }));
    this.#learnt.clear();
    this.#learntCount = 0;
    const loads = this.#changed.map((member) => {
      member.isNews = false;
      return heldOn(member);
    });
    this.#changed.length = 0;
    return { learnt, loads };
  }

  hear(name: string, news: RoutingNews, now: Instant): void {
    const worker = this.#workers.get(name) ?? { heardAt: now, loads: new Map<string, HeldLoad>() };
    this.#workers.set(name, worker);
    worker.heardAt = now;
    for (const load of news.loads) {
      const member = this.#fleet.get(load.endpoint);
      if (member !== undefined) this.#replace(worker, member, load, now);
    }
    for (const { endpoint, blocks } of news.learnt) {
      const member = this.#fleet.get(endpoint);
      if (member !== undefined) this.#fleet.index.learn(member.seat, blocks, now);
    }
  }

  /** Forgets workers that have fallen silent; looks for them once a second at the most. */
  expire(now: Instant): void {
    if (now < this.#expiresAt) return;
    this.#expiresAt = now + expiryEveryMs;
    for (const [name, { heardAt }] of this.#workers) if (heardAt + silenceMaxMs < now) this.#dismiss(name, now);
  }

  /** Forgets what was told of replicas that are gone. */
  retain(): void {
    for (const [member, blocks] of this.#learnt) {
      if (member.listPlace !== -1) continue;
      this.#learnt.delete(member);
      this.#learntCount -= blocks.size;
    }
    for (const { loads } of this.#workers.values()) {
      for (const endpoint of loads.keys()) if (this.#fleet.get(endpoint) === undefined) loads.delete(endpoint);
    }
  }

  #replace(worker: Worker, member: Member, load: HeldLoad, now: Instant): void {
    const before = worker.loads.get(load.endpoint);
    worker.loads.set(load.endpoint, load);
    const requests = load.requests - (before?.requests ?? 0);
    member.heardRequests += requests;
    this.#fleet.requestsInFlight += requests;
    member.heardPrefillTokens += load.prefillTokens - (before?.prefillTokens ?? 0);
    member.heardOutputTokens += load.outputTokens - (before?.outputTokens ?? 0);
    this.#fleet.reckon(member, now);
  }

  #dismiss(name: string, now: Instant): void {
    const worker = this.#workers.get(name);
    if (worker === undefined) return;
    for (const endpoint of Array.from(worker.loads.keys())) {
      const member = this.#fleet.get(endpoint);
      const nothing = { endpoint, requests: 0, prefillTokens: 0, outputTokens: 0 };
      if (member !== undefined) this.#replace(worker, member, nothing, now);
    }
    this.#workers.delete(name);
  }
}

function heldOn(member: Member): HeldLoad {
  const { requests, prefillTokens, outputTokens } = member;
  return { endpoint: member.endpoint.id, requests, prefillTokens, outputTokens };
}
