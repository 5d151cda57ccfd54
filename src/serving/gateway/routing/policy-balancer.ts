import type { Instant } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import type { Balancer, Elsewhere, Endpoint, EndpointLoad, Picked, RoutingAsk, RoutingOutcome } from "./balancer.ts";
import type { EngineLoad } from "./engine-load.ts";
import { Fleet } from "./fleet.ts";
import type { Member } from "./member.ts";
import { countFailure, requestTokens } from "./member-load.ts";
import { NewsDesk } from "./news-desk.ts";
import { observePeakPace } from "./peak-pace.ts";
import type { Policy } from "./policy.ts";
import type { RoutingNews } from "./routing-news.ts";
import { Search } from "./search.ts";
import type { Ticket } from "./ticket.ts";

/** What a balancer is made of. */
export interface BalancerSettings {
  /** Prompt tokens that one hash in `RoutingAsk.blocks` stands for. */
  readonly tokensPerBlock: number;
  /** Entries of the block index: 60 bytes each, taken as they are needed. */
  readonly indexEntriesMax: number;
}

/** Keeps the counts that all policies share, and asks one of them for each pick. */
export class PolicyBalancer implements Balancer {
  readonly #settings: BalancerSettings;
  readonly #policy: Policy;
  readonly #fleet: Fleet;
  readonly #search: Search;
  readonly #news: NewsDesk;
  #pickCount = 0;

  constructor(settings: BalancerSettings, policy: Policy, random: Random) {
    this.#settings = settings;
    this.#policy = policy;
    this.#fleet = new Fleet(random, settings.indexEntriesMax);
    this.#search = new Search(this.#fleet, random);
    this.#news = new NewsDesk(this.#fleet);
  }

  /** Members that the last pick looked at. */
  get looks(): number {
    return this.#search.looks;
  }

  /** What this worker holds in flight on a replica; 0 on one that it does not know. */
  inFlight(endpoint: string): number {
    return this.#fleet.get(endpoint)?.requests ?? 0;
  }

  retain(endpoints: readonly Endpoint[], now: Instant): void {
    this.#fleet.retain(endpoints, now);
    this.#news.retain();
  }

  pick(ask: RoutingAsk, isUsable: (endpoint: string) => boolean, now: Instant): Picked | null {
    this.#news.expire(now);
    this.#fleet.refreshSome(now);
    this.#search.begin(ask, isUsable, now);
    const member = this.#policy.choose(this.#search) ?? this.#search.anyUsable();
    return member === null ? null : this.#count(member, ask, now);
  }

  firstByte(picked: Picked, now: Instant): void {
    const { ticket } = picked;
    if (ticket.state !== "waiting") return;
    ticket.state = "streaming";
    const { member } = ticket;
    member.prefillTokens -= ticket.prefillTokens;
    const tookMs = Math.max(0, now - ticket.pickedAt);
    observePeakPace(member, tookMs / (ticket.prefillTokens + requestTokens), now);
    this.#fleet.usual.observeFirstByte(tookMs, ticket.tokensAhead + ticket.prefillTokens + requestTokens);
    ticket.firstByteAt = now;
    this.#changed(member, now);
  }

  end(picked: Picked, outcome: RoutingOutcome, now: Instant): void {
    const { ticket } = picked;
    if (ticket.state === "ended") {
      throw new Error(`a request to replica ${picked.endpoint} ended twice: whoever ends it must do so once`);
    }
    const { member } = ticket;
    if (ticket.state === "waiting") member.prefillTokens -= ticket.prefillTokens;
    member.outputTokens -= ticket.outputTokens;
    member.requests -= 1;
    if (member.listPlace !== -1) this.#fleet.requestsInFlight -= 1;
    if (outcome.kind === "failed") countFailure(member, now);
    if (outcome.kind === "done" && ticket.state === "streaming")
      this.#fleet.usual.observeHold(now - ticket.firstByteAt);
    ticket.state = "ended";
    if (outcome.kind === "done") this.#correctBlocks(ticket, picked.blocksMatched, outcome);
    this.#changed(member, now);
  }

  correct(endpoint: string, load: EngineLoad, now: Instant): void {
    const member = this.#fleet.get(endpoint);
    if (member === undefined) return;
    const known = member.requests + member.heardRequests;
    member.excessRequests = Math.max(0, load.running + load.waiting - known);
    member.excessAt = now;
    if (load.kvUsage !== null) {
      member.kvUsage = Math.min(1, Math.max(0, load.kvUsage));
      member.kvUsageAt = now;
    }
    if (load.kvTokens !== null && load.kvTokens > 0) {
      this.#fleet.index.setCapacity(member.seat, Math.ceil(load.kvTokens / this.#settings.tokensPerBlock));
    }
    member.adapterLoad = load.adapters;
    member.engineWord = { running: load.running, waiting: load.waiting, kvUsage: load.kvUsage, at: now };
    for (const adapter of load.adapters?.running ?? []) this.#fleet.adapters.settle(adapter, member);
    this.#fleet.reckon(member, now);
  }

  loads(): readonly EndpointLoad[] {
    return this.#fleet.members.map(({ endpoint, requests, prefillTokens, outputTokens, engineWord }) => ({
      endpoint: endpoint.id,
      requests,
      tokens: prefillTokens + outputTokens,
      engine: engineWord,
    }));
  }

  elsewhere(endpoint: string): Elsewhere {
    return { requests: this.#fleet.get(endpoint)?.heardRequests ?? 0, workers: this.#news.workers };
  }

  learn(endpoint: string, blocks: readonly number[], now: Instant): void {
    const member = this.#fleet.get(endpoint);
    if (member !== undefined) this.#fleet.index.learn(member.seat, blocks, now);
  }

  forget(endpoint: string, blocks: readonly number[]): void {
    const member = this.#fleet.get(endpoint);
    if (member !== undefined) this.#fleet.index.forget(member.seat, blocks);
  }

  takeNews(): RoutingNews {
    return this.#news.take();
  }

  hear(worker: string, news: RoutingNews, now: Instant): void {
    this.#news.hear(worker, news, now);
  }

  #count(member: Member, ask: RoutingAsk, now: Instant): Picked {
    const { index } = this.#fleet;
    const blocks = ask.blocks !== null && ask.blocks.length > 0 ? ask.blocks : null;
    const blocksMatched = blocks === null ? 0 : index.depthOn(member.seat, blocks);
    const prefillTokens = this.#search.uncachedTokens(blocksMatched);
    const ticket: Ticket = {
      member,
      blocks,
      pickedAt: now,
      prefillTokens,
      outputTokens: ask.tokensOut,
      tokensAhead: member.prefillTokens + member.heardPrefillTokens,
      firstByteAt: now,
      state: "waiting",
    };
    member.requests += 1;
    member.prefillTokens += prefillTokens;
    member.outputTokens += ask.tokensOut;
    this.#fleet.requestsInFlight += 1;
    this.#fleet.usual.observePick(prefillTokens, ask.tokensOut);
    this.#pickCount += 1;
    member.tie = this.#pickCount;
    if (ask.adapter !== null) this.#fleet.adapters.settle(ask.adapter, member);
    if (blocks !== null) {
      index.learn(member.seat, blocks, now);
      this.#news.learnt(member, blocks);
    }
    this.#changed(member, now);
    return { endpoint: member.endpoint.id, blocksMatched, ticket };
  }

  /** Forgets blocks that were thought to be cached and, as the engine says, were not. */
  #correctBlocks(ticket: Ticket, blocksMatched: number, outcome: RoutingOutcome): void {
    const { member, blocks } = ticket;
    if (outcome.tokensCached === undefined || blocks === null || member.listPlace === -1) return;
    this.#fleet.index.observeHit(
      member.seat,
      blocksMatched,
      Math.floor(outcome.tokensCached / this.#settings.tokensPerBlock),
    );
  }

  #changed(member: Member, now: Instant): void {
    this.#news.changed(member);
    this.#fleet.reckon(member, now);
  }
}
