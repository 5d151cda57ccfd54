import { third } from "./third.ts";

/** Two. */
export const second = (): unknown => third;
