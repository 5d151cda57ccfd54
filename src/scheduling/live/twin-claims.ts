import type { MemberPlace, RunningItem, WorkItem } from "../engine/model.ts";
import { wholeGpu } from "../engine/model.ts";
import { nobodysQueue } from "./engine-settings.ts";
import type { EngineMap } from "./engine-nodes.ts";

/** The part of a shared machine that must be free for a member to be there. */
interface SharedPart {
  /** A GPU's device, or a machine's CPUs or memory. */
  readonly name: string;
  readonly amount: number;
  readonly total: number;
}

/**
 * What several nodes of the engine share, because they stand for one machine: what runs on one of them is laid on the
 * others too, as a run of nobody's.
 */
export class TwinClaims {
  readonly #map: EngineMap;
  readonly #used = new Map<string, number>();
  readonly #held = new Map<string, readonly SharedPart[]>();
  readonly #shadows = new Map<string, readonly string[]>();

  constructor(map: EngineMap) {
    this.#map = map;
  }

  /** Whether any nodes share anything. */
  get isNeeded(): boolean {
    return this.#map.twins.size > 0;
  }

  /**
   * Takes what a run holds of shared machines.
   *
   * @returns the runs to lay on the other nodes; null, with nothing taken, when somebody else has it.
   */
  take(run: RunningItem): readonly RunningItem[] | null {
    const parts = this.#partsOf(run);
    const sums = new Map<string, number>();
    for (const { name, amount, total } of parts) {
      const sum = (sums.get(name) ?? this.#used.get(name) ?? 0) + amount;
      if (sum > total) return null;
      sums.set(name, sum);
    }
    for (const [name, sum] of sums) this.#used.set(name, sum);
    const shadows = run.places.flatMap((place, member) => this.#shadowsOf(run, place, member));
    this.#held.set(run.item.id, parts);
    this.#shadows.set(
      run.item.id,
      shadows.map((shadow) => shadow.item.id),
    );
    return shadows;
  }

  /** Gives back what a run held. Answers with the runs to take away. */
  release(id: string): readonly string[] {
    for (const { name, amount } of this.#held.get(id) ?? []) {
      this.#used.set(name, (this.#used.get(name) ?? 0) - amount);
    }
    const shadows = this.#shadows.get(id) ?? [];
    this.#held.delete(id);
    this.#shadows.delete(id);
    return shadows;
  }

  #partsOf({ item, places }: RunningItem): readonly SharedPart[] {
    return places.flatMap(({ node, gpus }): readonly SharedPart[] => {
      const links = this.#map.twins.get(node);
      const machine = this.#map.nodes.get(node);
      if (links === undefined || machine === undefined) return [];
      const shared = new Set(links.flatMap((link) => [...link.gpus.keys()]));
      const devices = gpus
        .filter(({ index }) => shared.has(index))
        .map(({ index, millis }) => ({
          name: `gpu ${machine.gpus[index]?.device}`,
          amount: millis,
          total: wholeGpu,
        }));
      if (!links.some((link) => link.sharesRoom)) return devices;
      const { cpuMillis, memory } = machine.spec;
      const name = `${machine.pool}/${machine.name}`;
      return [
        ...devices,
        { name: `cpu ${name}`, amount: item.shape.cpuMillis, total: cpuMillis },
        { name: `memory ${name}`, amount: item.shape.memory, total: memory },
      ];
    });
  }

  #shadowsOf(run: RunningItem, { node, gpus }: MemberPlace, member: number): readonly RunningItem[] {
    return (this.#map.twins.get(node) ?? []).flatMap((link): readonly RunningItem[] => {
      const pieces = gpus.flatMap(({ index, ...piece }) => {
        const other = link.gpus.get(index);
        return other === undefined ? [] : [{ ...piece, index: other }];
      });
      if (pieces.length === 0 && !link.sharesRoom) return [];
      const { cpuMillis, memory } = run.item.shape;
      const room = link.sharesRoom ? { cpuMillis, memory } : { cpuMillis: 0, memory: 0 };
      const item: WorkItem = {
        ...run.item,
        id: `${run.item.id} member ${member} on ${link.node}`,
        queue: nobodysQueue,
        role: "any",
        shape: { gpu: { kind: "none" }, gpuModels: [], ...room },
        members: { min: 1, max: 1 },
        isPreemptible: false,
      };
      return [{ ...run, item, places: [{ node: link.node, gpus: pieces }] }];
    });
  }
}
