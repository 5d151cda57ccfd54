import type { Balancer, Endpoint, Picked, RoutingAsk } from "./request-parts.ts";

interface Counted extends Endpoint {
  inFlight: number;
}

/** Picks the replica with the least in flight for its weight; among equals each in turn. */
export class LeastBusy implements Balancer {
  #endpoints = new Map<string, Counted>();
  #turn = 0;

  retain(endpoints: readonly Endpoint[]): void {
    this.#endpoints = new Map(
      endpoints.map((each) => [each.id, { ...each, inFlight: this.#endpoints.get(each.id)?.inFlight ?? 0 }]),
    );
  }

  pick(ask: RoutingAsk, isUsable: (endpoint: string) => boolean): Picked | null {
    const all = [...this.#endpoints.values()];
    this.#turn += 1;
    let best: Counted | null = null;
    for (let step = 0; step < all.length; step += 1) {
      const each = all[(step + this.#turn) % all.length];
      if (each === undefined || !isUsable(each.id)) continue;
      if (ask.adapter !== null && !each.adapters.includes(ask.adapter)) continue;
      if (best === null || each.inFlight / each.weight < best.inFlight / best.weight) best = each;
    }
    if (best === null) return null;
    best.inFlight += 1;
    return { endpoint: best.id };
  }

  firstByte(): void {
    // Load is all that this one goes by.
  }

  end(picked: Picked): void {
    const endpoint = this.#endpoints.get(picked.endpoint);
    if (endpoint !== undefined) endpoint.inFlight -= 1;
  }
}
