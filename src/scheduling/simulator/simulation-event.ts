import type { Instant } from "../../base/clock.ts";
import type { EngineNode } from "../engine/model.ts";

/** Something that happens at an instant. `attempt` names the run that it is about; of another run it says nothing. */
export type SimulationEvent =
  | { readonly kind: "end"; readonly at: Instant; readonly id: string; readonly attempt: number }
  | { readonly kind: "leave"; readonly at: Instant; readonly id: string; readonly attempt: number }
  | { readonly kind: "checkpoint"; readonly at: Instant; readonly id: string; readonly attempt: number }
  | { readonly kind: "node-down"; readonly at: Instant; readonly node: EngineNode }
  | { readonly kind: "node-up"; readonly at: Instant; readonly node: EngineNode }
  /** A reservation begins or ends. */
  | { readonly kind: "boundary"; readonly at: Instant }
  /** A planned start is due. */
  | { readonly kind: "due"; readonly at: Instant }
  | { readonly kind: "arrival"; readonly at: Instant; readonly index: number }
  /** Nothing happened for a while and something waits: time alone may change the answer. */
  | { readonly kind: "wake"; readonly at: Instant };

/** What comes first of one instant: places are freed before they are asked for. */
const ranks: Readonly<Record<SimulationEvent["kind"], number>> = {
  end: 0,
  leave: 1,
  checkpoint: 2,
  "node-down": 3,
  "node-up": 4,
  boundary: 5,
  arrival: 6,
  due: 7,
  wake: 8,
};

/** The order of events: by time, then by what frees before what asks. */
export function compareEvents(left: SimulationEvent, right: SimulationEvent): number {
  return left.at - right.at || ranks[left.kind] - ranks[right.kind];
}
