import type { Instant } from "../../base/clock.ts";
import type { QuotaClaim } from "../quota/model.ts";
import { heldMillis, memberMillis } from "./amounts.ts";
import type { IsIgnored } from "./claim.ts";
import type { EngineState } from "./engine-state.ts";
import type { Running, Waiting } from "./entry.ts";
import type { MemberPlace } from "./model.ts";
import type { NodeState } from "./node-state.ts";
import { placeMembers } from "./place-members.ts";
import { guestRoom } from "./place-options.ts";
import type { PlaceAsk } from "./place-search.ts";
import type { PoolState } from "./pool-state.ts";

/** One search for victims: who asks, and where. */
export interface Hunt {
  readonly state: EngineState;
  readonly entry: Waiting;
  readonly asker: QuotaClaim;
  readonly pool: PoolState;
  readonly ask: PlaceAsk;
  readonly now: Instant;
  readonly costOf: (run: Running) => number;
  /** What the asker looks through, whoever goes. */
  readonly isIgnored: IsIgnored;
  /** Free slots of the nodes of one domain, zero elsewhere: one array serves all attempts, one after another. */
  readonly slots: Int32Array;
  /** Whether quota and hosts let the asker in as things are: then nobody has to go for their sake. */
  readonly isLetIn: boolean;
}

/** The nodes [from, to) of a pool. */
export interface NodeRange {
  readonly from: number;
  readonly to: number;
}

/** Whether a run has a member in the pool. */
export function isIn(pool: PoolState, run: Running): boolean {
  return run.places.some((place) => pool.node(place.node) !== undefined);
}

/** Whether quota and, for a guest, what the hosts leave and these runs free suffice for the asker. */
export function isLetIn(hunt: Omit<Hunt, "slots" | "isLetIn">, gone: readonly Running[]): boolean {
  const { state, asker, entry, pool, ask } = hunt;
  if (state.shares.findPromisedShortage(asker) !== null) return false;
  const freed = gone.reduce((sum, run) => sum + (isIn(pool, run) ? heldMillis(run.item.shape, run.places) : 0), 0);
  return guestRoom(state, entry, pool) + freed >= memberMillis(ask.shape) * ask.max;
}

/** A what-if on one domain: who is gone, what that frees there, and whether the quota allows the asker in. */
export class EvictionAttempt {
  readonly #hunt: Hunt;
  readonly #range: NodeRange;
  readonly #victims = new Map<string, Running>();
  readonly #isIgnored: IsIgnored;
  #total = 0;

  constructor(hunt: Hunt, range: NodeRange) {
    this.#hunt = hunt;
    this.#range = range;
    const { isIgnored, pool } = hunt;
    this.#isIgnored = (claim) => this.#victims.has(claim.owner) || isIgnored(claim);
    for (let index = range.from; index < range.to; index += 1) {
      const node = pool.nodes[index];
      if (node !== undefined) this.#look(node);
    }
  }

  /** Leaves the shared array as it was found. */
  close(): void {
    this.#hunt.slots.fill(0, this.#range.from, this.#range.to);
  }

  get victims(): readonly Running[] {
    return [...this.#victims.values()];
  }

  has(run: Running): boolean {
    return this.#victims.has(run.item.id);
  }

  put(run: Running): void {
    const { state, now, isLetIn: isAllowedAnyway } = this.#hunt;
    this.#victims.set(run.item.id, run);
    if (!isAllowedAnyway) state.shares.unpromise({ queue: run.item.queue, amounts: run.amounts }, now);
    this.#update(run);
  }

  drop(run: Running): void {
    const { state, now, isLetIn: isAllowedAnyway } = this.#hunt;
    this.#victims.delete(run.item.id);
    if (!isAllowedAnyway) state.shares.promise({ queue: run.item.queue, amounts: run.amounts }, now);
    this.#update(run);
  }

  #update({ places }: Running): void {
    const { from, to } = this.#range;
    let last: NodeState | undefined;
    for (const place of places) {
      const node = this.#hunt.pool.node(place.node);
      if (node === undefined || node === last || node.index < from || node.index >= to) continue;
      this.#look(node);
      last = node;
    }
  }

  #look(node: NodeState): void {
    const { state, entry, ask, now, slots } = this.#hunt;
    state.search.looks += 1;
    const free = node.slotsDuring(ask.shape, now, now + entry.reckonedMs, this.#isIgnored, state.cluster.room);
    const held = Math.min(ask.max, free);
    this.#total += held - (slots[node.index] ?? 0);
    slots[node.index] = held;
  }

  get hasRoom(): boolean {
    const { pool, ask, slots } = this.#hunt;
    if (this.#total < ask.max) return false;
    // Without a wish for the topology any nodes will do.
    return (
      ask.topology === null || ask.max === 1 || placeMembers(pool.topology, slots, { ...ask, min: ask.max }) !== null
    );
  }

  get isAllowed(): boolean {
    return this.#hunt.isLetIn || isLetIn(this.#hunt, this.victims);
  }

  /** The places of the members, with the victims gone. */
  take(): readonly MemberPlace[] | null {
    const { pool, ask, now, entry, state, slots } = this.#hunt;
    const whole = { ...ask, min: ask.max };
    return state.search.takeAll(pool, whole, slots, now, now + entry.reckonedMs, this.#isIgnored);
  }
}
