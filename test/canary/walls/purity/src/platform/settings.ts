import { readText } from "./files.ts";

/** Not pure either: it runs files.ts. */
export const settings = (): string => readText("settings.json");
