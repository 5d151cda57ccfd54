import type { Random } from "../../base/random.ts";
import type { TaskShape } from "../placement/task-shape.ts";

/** A task of a trace; the name decides nothing but its place before the shuffle. */
export interface NamedTask extends TaskShape {
  readonly name: string;
}

/** The same items in an order drawn from `random`; every order is as likely as any other. */
export function shuffle<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.next() * (last + 1));
    const [moved, kept] = [shuffled[other], shuffled[last]];
    if (moved === undefined || kept === undefined) continue;
    shuffled[last] = moved;
    shuffled[other] = kept;
  }
  return shuffled;
}

/**
 * The order in which the tasks of a trace arrive in the ATC'23 protocol: all of them shuffled, then more drawn at random
 * until the next one's share would take the demand above `demandMillis`; where the trace itself asks for more, random
 * tasks are left out. The next task counts with what it takes of one GPU, as in the published simulator.
 */
export function arrivalOrder<Task extends NamedTask>(
  tasks: readonly Task[],
  demandMillis: number,
  random: Random,
): readonly Task[] {
  const byName = tasks.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  const order = [...shuffle(byName, random)];
  let total = order.reduce((sum, task) => sum + task.gpus * task.gpuMillis, 0);
  if (total === 0) return order;
  while (total > demandMillis && order.length > 1) {
    const [removed] = order.splice(Math.floor(random.next() * order.length), 1);
    if (removed !== undefined) total -= removed.gpus * removed.gpuMillis;
  }
  for (;;) {
    const next = tasks[Math.floor(random.next() * tasks.length)];
    if (next === undefined || total + next.gpuMillis > demandMillis) return order;
    order.push(next);
    total += next.gpus * next.gpuMillis;
  }
}
