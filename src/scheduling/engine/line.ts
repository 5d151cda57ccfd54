import { byTurn, type ItemClass, type Waiting } from "./entry.ts";
import { Heap } from "./heap.ts";

/** One class of a line, the next turn first. */
export interface ClassQueue {
  readonly itemClass: ItemClass;
  readonly heap: Heap<Waiting>;
  /** The state of the cluster in which its first was tried in vain. */
  blockedAt: number;
}

/** Those who wait in one queue, in the order of their turns. */
export class Line {
  readonly queue: string;
  readonly #classes = new Map<ItemClass, ClassQueue>();
  readonly #unplanned = new Heap<Waiting>(byTurn);
  /** Classes that may find a place in this cycle. */
  #fitting: ClassQueue[] = [];
  /** Whether those who were not looked at yet must wait for the next cycle. */
  #isSpent = false;

  constructor(queue: string) {
    this.queue = queue;
  }

  add(entry: Waiting): void {
    const { itemClass } = entry;
    let queue = this.#classes.get(itemClass);
    if (queue === undefined) {
      queue = { itemClass, heap: new Heap(byTurn), blockedAt: -1 };
      this.#classes.set(itemClass, queue);
    }
    queue.heap.push(entry);
    // An earlier turn may look through plans that stopped the one that was first.
    if (firstWaiting(queue.heap) === entry) queue.blockedAt = -1;
    itemClass.waiting.set(this, (itemClass.waiting.get(this) ?? 0) + 1);
    this.#unplanned.push(entry);
  }

  /** Takes a workload out; it stays in the heaps until it comes up. */
  remove(entry: Waiting): void {
    entry.status = "gone";
    const left = (entry.itemClass.waiting.get(this) ?? 0) - 1;
    if (left > 0) entry.itemClass.waiting.set(this, left);
    else {
      entry.itemClass.waiting.delete(this);
      this.#classes.delete(entry.itemClass);
    }
  }

  /** Its plan is gone: it must be looked at again. */
  unplan(entry: Waiting): void {
    entry.status = "new";
    this.#unplanned.push(entry);
  }

  /** Whether somebody waits to be looked at. */
  get hasUnplanned(): boolean {
    return firstNew(this.#unplanned) !== undefined;
  }

  /** Marks a class as one that may find a place in this cycle. */
  offer(itemClass: ItemClass, state: number): void {
    const queue = this.#classes.get(itemClass);
    if (queue !== undefined && queue.blockedAt !== state && !this.#fitting.includes(queue)) this.#fitting.push(queue);
  }

  /** Begins a cycle: forgets the offers of the last one. */
  begin(): void {
    this.#fitting = [];
    this.#isSpent = false;
  }

  /** Leaves those who were not looked at yet to the next cycle. */
  spend(): void {
    this.#isSpent = true;
  }

  /** Whose turn is next: the first among the classes on offer and those who were not looked at yet. */
  next(): Waiting | undefined {
    let first = this.#isSpent ? undefined : firstNew(this.#unplanned);
    for (const queue of this.#fitting) {
      const head = firstWaiting(queue.heap);
      if (head !== undefined && (first === undefined || byTurn(head, first) < 0)) first = head;
    }
    return first;
  }

  /** The first of its class found no place: in this state of the cluster nobody of the class does. */
  block(entry: Waiting, state: number): void {
    const queue = this.#classes.get(entry.itemClass);
    if (queue !== undefined && firstWaiting(queue.heap) === entry) queue.blockedAt = state;
    this.#fitting = this.#fitting.filter((each) => each.itemClass !== entry.itemClass);
  }

  /** Whether nobody of the class finds a place in this state of the cluster. */
  isBlocked(itemClass: ItemClass, state: number): boolean {
    return this.#classes.get(itemClass)?.blockedAt === state;
  }

  /** Those that are the first of their class and were tried in vain in this state of the cluster, in no order. */
  *blocked(state: number): Generator<Waiting> {
    for (const head of this.heads()) if (this.isBlocked(head.itemClass, state)) yield head;
  }

  /** The first of each class, in no order. */
  *heads(): Generator<Waiting> {
    for (const { heap } of this.#classes.values()) {
      const head = firstWaiting(heap);
      if (head !== undefined) yield head;
    }
  }

  /** The first of all. */
  first(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const { heap } of this.#classes.values()) {
      const head = firstWaiting(heap);
      if (head !== undefined && (first === undefined || byTurn(head, first) < 0)) first = head;
    }
    return first;
  }
}

function firstWaiting(heap: Heap<Waiting>): Waiting | undefined {
  for (let entry = heap.peek(); entry !== undefined; entry = heap.peek()) {
    if (entry.status !== "gone") return entry;
    heap.pop();
  }
  return undefined;
}

function firstNew(heap: Heap<Waiting>): Waiting | undefined {
  for (let entry = heap.peek(); entry !== undefined; entry = heap.peek()) {
    if (entry.status === "new") return entry;
    heap.pop();
  }
  return undefined;
}
