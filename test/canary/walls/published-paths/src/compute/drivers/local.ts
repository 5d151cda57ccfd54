import { extname } from "node:path";
import { probe } from "./probe.ts";

/** Finds its program in the source only. */
export const source = new URL("./probe.ts", import.meta.url); // breaks: published-paths
/** The same, with another way to say it. */
export const task = new URL("../tasks/run.ts", import.meta.url); // breaks: published-paths
/** Finds it in the package too. */
export const published = new URL(`./probe${extname(import.meta.url)}`, import.meta.url);
/** An ending is no path. */
export const ending = [".ts", probe];
