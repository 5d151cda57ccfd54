import { createHash } from "node:crypto"; // breaks: purity
import type { Readable } from "node:stream";
import * as z from "zod";
import { parse } from "yaml"; // breaks: purity
import { nameSchema } from "../platform/resource.ts";
import { settings } from "../platform/settings.ts"; // breaks: purity
import { nodeTable } from "./store.ts"; // breaks: purity

/** Decides with the world in its hands. */
export function fit(input: Readable, clock: { readonly Date: number }): unknown {
  const now = Date.now(); // breaks: purity
  const later = new Date(now + clock.Date); // breaks: purity
  const chance = Math.random(); // breaks: purity
  const host = process.platform; // breaks: purity
  const took = performance.now(); // breaks: purity
  const id = crypto.randomUUID(); // breaks: purity
  const answer = fetch("http://localhost"); // breaks: purity
  const timer = setTimeout(() => undefined, Math.max(1, 2)); // breaks: purity
  const limit = AbortSignal.timeout(1); // breaks: purity
  const here = import.meta.dirname; // breaks: purity
  const text = Buffer.from("x"); // breaks: purity
  const shown: typeof Date | undefined = undefined;
  const world = { Date: 1, process: 2, fetch: 3 };
  const parts = [createHash, z, parse, nameSchema, settings, nodeTable, input, now, later, chance, host, took, id];
  return [...parts, answer, timer, limit, here, text, shown, world.Date, world.process, world.fetch];
}
