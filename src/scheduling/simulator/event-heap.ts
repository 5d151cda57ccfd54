/** A queue that gives the least entry first; equal ones come in the order in which they were added. */
export interface EventHeap<Entry> {
  readonly size: number;
  push(entry: Entry): void;
  /** The least entry without taking it; undefined when empty. */
  peek(): Entry | undefined;
  /** Takes the least entry; undefined when empty. */
  pop(): Entry | undefined;
}

/** An entry with its place among equals. */
interface Placed<Entry> {
  readonly entry: Entry;
  readonly turn: number;
}

/**
 * Makes an empty binary heap; pushing and taking cost the log of its size.
 *
 * @param compare below 0 when the first comes before the second, 0 when they are equal.
 */
export function makeEventHeap<Entry>(compare: (left: Entry, right: Entry) => number): EventHeap<Entry> {
  const places: Placed<Entry>[] = [];
  let turn = 0;
  const isBefore = (left: Placed<Entry>, right: Placed<Entry>): boolean => {
    const order = compare(left.entry, right.entry);
    return order === 0 ? left.turn < right.turn : order < 0;
  };
  return {
    get size() {
      return places.length;
    },
    push(entry) {
      const added = { entry, turn };
      turn += 1;
      places.push(added);
      siftUp(places, added, isBefore);
    },
    peek: () => places[0]?.entry,
    pop() {
      const least = places[0];
      const last = places.pop();
      if (last !== undefined && places.length > 0) siftDown(places, last, isBefore);
      return least?.entry;
    },
  };
}

type IsBefore<Entry> = (left: Placed<Entry>, right: Placed<Entry>) => boolean;

/** Moves `entry`, which stands last, up to its place. */
function siftUp<Entry>(places: Placed<Entry>[], entry: Placed<Entry>, isBefore: IsBefore<Entry>): void {
  let index = places.length - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = places[above];
    if (parent === undefined || !isBefore(entry, parent)) break;
    places[index] = parent;
    index = above;
  }
  places[index] = entry;
}

/** Puts `entry` at the top and moves it down to its place. */
function siftDown<Entry>(places: Placed<Entry>[], entry: Placed<Entry>, isBefore: IsBefore<Entry>): void {
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    let child = places[below];
    if (child === undefined) break;
    const other = places[below + 1];
    if (other !== undefined && isBefore(other, child)) {
      below += 1;
      child = other;
    }
    if (!isBefore(child, entry)) break;
    places[index] = child;
    index = below;
  }
  places[index] = entry;
}
