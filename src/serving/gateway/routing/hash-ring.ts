import type { Fleet } from "./fleet.ts";
import type { Member } from "./member.ts";

/** Points of a ring of few replicas, and of one of many: together they stay below `pointsMax`. */
const pointsEach = 128;
const pointsEachMin = 16;
const pointsMax = 65_536;
/** A weight above this gets no more points: bounded loads do the rest. */
const weightMax = 4;
/** A point and its owner are sorted as one number below 2^53. */
const ownersMax = 2 ** 20;
/** Points that one request may pass on its way around: other points of members that it met take most of them. */
const pointsPassedMax = 256;

/** A ring of points, some for each member: a key belongs to the member of the next point clockwise. */
export class HashRing {
  #revision = -1;
  #points = new Uint32Array(0);
  #owners: readonly Member[] = [];

  /** Visits members from the one that owns the key on, each at most once, until `visit` returns false or many were passed. */
  walk(fleet: Fleet, key: number, visit: (member: Member) => boolean): void {
    if (fleet.revision !== this.#revision) this.#build(fleet);
    const count = this.#points.length;
    const start = this.#placeOf(key >>> 0);
    const met = new Set<Member>();
    for (let step = 0; step < Math.min(count, pointsPassedMax); step += 1) {
      const member = this.#owners[(start + step) % count];
      if (member === undefined || met.has(member)) continue;
      met.add(member);
      if (!visit(member) || met.size === fleet.members.length) return;
    }
  }

  #build(fleet: Fleet): void {
    this.#revision = fleet.revision;
    const each = Math.max(
      pointsEachMin,
      Math.min(pointsEach, Math.floor(pointsMax / Math.max(1, fleet.members.length))),
    );
    // By id: every gateway builds the same ring, in whatever order it heard of the replicas.
    const members = fleet.members.toSorted((one, other) => (one.endpoint.id < other.endpoint.id ? -1 : 1));
    const points: number[] = [];
    for (const [owner, member] of members.entries()) {
      const name = hashText(member.endpoint.id);
      const count = Math.max(1, Math.round(each * Math.min(weightMax, member.endpoint.weight)));
      for (let point = 0; point < count; point += 1) points.push(mixed(name, point) * ownersMax + owner);
    }
    const sorted = Float64Array.from(points).sort();
    this.#points = Uint32Array.from(sorted, (point) => Math.floor(point / ownersMax));
    this.#owners = Array.from(sorted, (point) => members[point % ownersMax]).filter((owner) => owner !== undefined);
  }

  /** The first point at or behind the key. */
  #placeOf(key: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#points[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low === this.#points.length ? 0 : low;
  }
}

function mixed(name: number, point: number): number {
  let hash = Math.imul(name ^ Math.imul(point + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A text as an unsigned 32-bit number: FNV-1a and the finaliser of MurmurHash3. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
