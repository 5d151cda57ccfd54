import * as z from "zod";

/** Pure: runs only zod. */
export const nameSchema = z.string();
