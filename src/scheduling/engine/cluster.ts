import type { Instant } from "../../base/clock.ts";
import type { PlacementPolicy } from "../placement/placement-policy.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import { checkNode, checkPool } from "./check-input.ts";
import type { Claim, PlannedTurn } from "./claim.ts";
import type { LaidClaim } from "./entry.ts";
import type { AdvanceReservation, EngineNode, EnginePool, EngineSettings, MemberPlace, Shape } from "./model.ts";
import type { NodeState } from "./node-state.ts";
import { openNodeRank, placementRule } from "./node-rank.ts";
import { PoolState } from "./pool-state.ts";
import { Room } from "./node-room.ts";
import { wholeGpu } from "./model.ts";

/** The pools and nodes, and every claim that lies on them. */
export class Cluster {
  readonly room = new Room();
  readonly #placement: EngineSettings["placement"];
  #rule: PlacementPolicy | null = null;
  readonly #pools = new Map<string, PoolState>();
  readonly #poolOf = new Map<string, PoolState>();
  /** Grows whenever room may have appeared: what found no place in a state finds none in the same state. */
  state = 0;

  constructor(placement: EngineSettings["placement"]) {
    this.#placement = placement;
  }

  /** What workloads typically ask for: placement keeps room for it. */
  setMix(mix: TypicalWorkload): void {
    this.#rule = placementRule(this.#placement, mix);
    this.room.chooseShare = this.#rule?.chooseGpus ?? null;
    for (const pool of this.#pools.values()) pool.forget();
  }

  get pools(): Iterable<PoolState> {
    return this.#pools.values();
  }

  setPool(spec: EnginePool): void {
    checkPool(spec);
    const old = this.#pools.get(spec.id);
    const pool = new PoolState(
      spec,
      (nodes) => openNodeRank(this.#rule, this.#placement === "firstfit", nodes),
      this.room,
    );
    this.#pools.set(spec.id, pool);
    for (const node of old?.nodes ?? []) {
      this.#poolOf.set(node.spec.id, pool);
      this.#move(node, pool.setNode(node.spec));
    }
    this.state += 1;
  }

  pool(id: string): PoolState | undefined {
    return this.#pools.get(id);
  }

  node(id: string): NodeState | undefined {
    return this.#poolOf.get(id)?.node(id);
  }

  poolOf(node: string): PoolState | undefined {
    return this.#poolOf.get(node);
  }

  /**
   * Adds a node or changes one; what runs there stays.
   *
   * @throws {Fault} `scheduling.topology-invalid` when its pool is unknown or it does not fit there.
   */
  setNode(spec: EngineNode): NodeState {
    const pool = this.#pools.get(spec.pool);
    checkNode(spec, pool?.spec);
    if (pool === undefined) throw new RangeError(`unknown pool ${spec.pool}`);
    const old = this.node(spec.id);
    this.#poolOf.get(spec.id)?.removeNode(spec.id);
    this.#poolOf.set(spec.id, pool);
    const state = pool.setNode(spec);
    if (old !== undefined) this.#move(old, state);
    this.state += 1;
    return state;
  }

  removeNode(id: string): void {
    this.#poolOf.get(id)?.removeNode(id);
    this.#poolOf.delete(id);
  }

  #move(from: NodeState, to: NodeState): void {
    for (const claim of [...from.running, ...from.future]) to.add(claim);
  }

  /** Lays a workload's members on their nodes. */
  lay(
    owner: string,
    shape: Shape,
    places: readonly MemberPlace[],
    span: Pick<Claim, "kind" | "start" | "end"> & { readonly turn?: PlannedTurn },
  ): readonly LaidClaim[] {
    return places.flatMap((place) => {
      const node = this.node(place.node);
      if (node === undefined) return [];
      const claim: Claim = {
        owner,
        kind: span.kind,
        turn: span.turn ?? null,
        start: span.start,
        end: span.end,
        pieces: place.gpus,
        cpuMillis: shape.cpuMillis,
        memory: shape.memory,
        custom: shape.custom,
      };
      return [this.#add(claim, node)];
    });
  }

  #add(claim: Claim, node: NodeState): LaidClaim {
    node.add(claim);
    if (claim.kind === "running") this.#poolOf.get(node.spec.id)?.touch(node);
    return { node: node.spec.id, claim };
  }

  /** Lays a reservation: whole nodes for its span. */
  layReservation(reservation: AdvanceReservation): readonly LaidClaim[] {
    return reservation.nodes.flatMap((id) => {
      const node = this.node(id);
      if (node === undefined) return [];
      const { gpus, cpuMillis, memory, custom } = node.spec;
      const pieces = Array.from({ length: gpus }, (_, index) => ({ index, millis: wholeGpu }));
      const { start, end } = reservation;
      return [
        this.#add(
          { owner: reservation.id, kind: "reserved", turn: null, start, end, pieces, cpuMillis, memory, custom },
          node,
        ),
      ];
    });
  }

  /** Reckons claims to end at another time. */
  setEnd(laid: readonly LaidClaim[], end: Instant): void {
    for (const { node, claim } of laid) this.node(node)?.setEnd(claim, end);
  }

  /** Takes claims away again. */
  lift(laid: readonly LaidClaim[]): void {
    for (const { node: id, claim } of laid) {
      const node = this.node(id);
      if (node === undefined) continue;
      node.remove(claim);
      if (claim.kind === "running") this.#poolOf.get(id)?.touch(node);
    }
    this.state += 1;
  }
}
