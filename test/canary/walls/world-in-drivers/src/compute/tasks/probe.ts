import { readFileSync } from "node:fs";

/** A program may read. */
export const probe = (): string => readFileSync("/proc/loadavg", "utf8");
