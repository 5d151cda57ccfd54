import { first } from "./first.ts";

/** Three. */
export const third = (): unknown => first;
