import type { Member } from "./member.ts";

/** Members by their load: the least loaded is found at once, a change costs O(log n). */
export class LoadHeap {
  readonly #members: Member[] = [];

  add(member: Member): void {
    this.#place(member, this.#members.length);
    this.#rise(member);
  }

  remove(member: Member): void {
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#place(last, member.heapPlace);
    this.update(last);
  }

  /** Puts a member where its new `key` belongs. */
  update(member: Member): void {
    this.#rise(member);
    this.#sink(member);
  }

  /**
   * Visits members from the least loaded on, until `visit` returns false: the k-th costs O(k).
   *
   * The heap must not change meanwhile.
   */
  visit(visit: (member: Member) => boolean): void {
    const first = this.#members[0];
    if (first === undefined) return;
    const frontier: Member[] = [first];
    while (frontier.length > 0) {
      const next = takeLeast(frontier);
      if (next === undefined || !visit(next)) return;
      const left = next.heapPlace * 2 + 1;
      for (const place of [left, left + 1]) {
        const child = this.#members[place];
        if (child !== undefined) frontier.push(child);
      }
    }
  }

  #rise(member: Member): void {
    while (member.heapPlace > 0) {
      const parent = this.#members[(member.heapPlace - 1) >> 1];
      if (parent === undefined || !isLess(member, parent)) return;
      this.#swap(member, parent);
    }
  }

  #sink(member: Member): void {
    for (;;) {
      const left = this.#members[member.heapPlace * 2 + 1];
      if (left === undefined) return;
      const right = this.#members[member.heapPlace * 2 + 2];
      const least = right !== undefined && isLess(right, left) ? right : left;
      if (!isLess(least, member)) return;
      this.#swap(member, least);
    }
  }

  #swap(one: Member, other: Member): void {
    const place = one.heapPlace;
    this.#place(one, other.heapPlace);
    this.#place(other, place);
  }

  #place(member: Member, place: number): void {
    this.#members[place] = member;
    member.heapPlace = place;
  }
}

function isLess(one: Member, other: Member): boolean {
  return one.key === other.key ? one.tie < other.tie : one.key < other.key;
}

/** The frontier holds as many members as were visited: a search along it is cheaper than a heap of its own. */
function takeLeast(frontier: Member[]): Member | undefined {
  let least = 0;
  for (let place = 1; place < frontier.length; place += 1) {
    const [member, best] = [frontier[place], frontier[least]];
    if (member !== undefined && best !== undefined && isLess(member, best)) least = place;
  }
  const taken = frontier[least];
  const last = frontier.pop();
  if (last !== undefined && least < frontier.length) frontier[least] = last;
  return taken;
}
