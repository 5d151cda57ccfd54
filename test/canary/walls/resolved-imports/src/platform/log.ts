import { join } from "path"; // breaks: resolved-imports
import { run } from "engine"; // breaks: resolved-imports
import * as z from "zod";
import type { Plugin } from "vite";
import { build } from "vite"; // breaks: resolved-imports
import { gone } from "./gone.ts"; // breaks: resolved-imports
import { near } from "./near"; // breaks: resolved-imports

/** Uses them. */
export const used = (plugin: Plugin): unknown => [join, run, z, plugin, build, gone, near];

/** Loads what may be missing where it is needed. */
export const lazily = async (): Promise<unknown> => await import("engine");
