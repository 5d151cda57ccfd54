import type { Member } from "./member.ts";
import type { Search } from "./search.ts";

/** Chooses the member for the request that the search was begun for. */
export interface Policy {
  /** @returns null when it found no usable one among those it looked at; the balancer then takes any that is. */
  choose(search: Search): Member | null;
}
