import { place } from "./place.ts";
export * from "./place.ts"; // breaks: no-barrels

/** Something of its own. */
export const own = place;
