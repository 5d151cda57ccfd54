import { readFileSync } from "node:fs";

/** Platform may, but it is not pure. */
export const readText = (path: string): string => readFileSync(path, "utf8");
