import type { Member } from "./member.ts";

/** Replicas that are remembered as having an adapter at work. */
const homesMax = 8;
/** Adapters that are remembered; the one that was not asked for longest is forgotten first. */
const adaptersMax = 1024;

/** What an adapter's place is worth: at work, room for it, waiting to be loaded, none of these (llm-d's scorer). */
const bonus = { running: 1, room: 0.8, waiting: 0.6, none: 0 } as const;

/** Where LoRA adapters are declared, and where they are at work. */
export class AdapterHomes {
  readonly #declared = new Map<string, Member[]>();
  readonly #homes = new Map<string, Member[]>();

  /** Takes note of what each replica declares to serve, and forgets replicas that are gone. */
  retain(members: readonly Member[]): void {
    this.#declared.clear();
    for (const member of members) {
      for (const adapter of member.endpoint.adapters) {
        const declared = this.#declared.get(adapter);
        if (declared === undefined) this.#declared.set(adapter, [member]);
        else declared.push(member);
      }
    }
    for (const [adapter, homes] of this.#homes) {
      const left = homes.filter((member) => member.listPlace !== -1);
      if (left.length === 0) this.#homes.delete(adapter);
      else this.#homes.set(adapter, left);
    }
  }

  /** Replicas that declare the adapter; undefined when none does. */
  declaredBy(adapter: string): readonly Member[] | undefined {
    return this.#declared.get(adapter);
  }

  /** Some replicas where the adapter was used last, at most eight. */
  homesOf(adapter: string): readonly Member[] {
    return this.#homes.get(adapter) ?? [];
  }

  /** The adapter is at work there now. */
  settle(adapter: string, member: Member): void {
    const homes = this.#homes.get(adapter) ?? [];
    this.#homes.delete(adapter);
    this.#homes.set(adapter, [member, ...homes.filter((home) => home !== member)].slice(0, homesMax));
    const oldest = this.#homes.keys().next();
    if (this.#homes.size > adaptersMax && oldest.done === false) this.#homes.delete(oldest.value);
  }

  /** 1 when the adapter is at work there, 0.8 when it has room, 0.6 when it waits there to be loaded, 0 otherwise. */
  bonusOn(member: Member, adapter: string): number {
    const told = member.adapterLoad;
    if (told === null) return this.homesOf(adapter).includes(member) ? bonus.running : bonus.room;
    if (told.running.includes(adapter)) return bonus.running;
    if (told.max !== null && told.running.length + told.waiting.length < told.max) return bonus.room;
    return told.waiting.includes(adapter) ? bonus.waiting : bonus.none;
  }
}

/** Whether the replica can serve the adapter at all. */
export function serves(member: Member, adapter: string | null): boolean {
  const { adapters } = member.endpoint;
  return adapter === null || adapters.length === 0 || adapters.includes(adapter);
}
