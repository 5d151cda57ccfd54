import * as z from "zod";
import { durationPattern, sizePattern } from "../base/units.ts";
import { ratePattern } from "./network/link-rate.ts";

/** A name that a plan gives. */
export const nameSchema = z.string().min(1).max(120);

const durationWords = "write a number and a unit of time: 15m, 36h or 30d";
export const durationSchema = z.string({ error: durationWords }).regex(durationPattern, durationWords);

const sizeWords =
  "write a number and a unit of bytes: 12TB (1e12 bytes), 12TiB (2^40) or 3PB; Gb are bits, and no size";
export const sizeSchema = z.string({ error: sizeWords }).regex(sizePattern, sizeWords);

const rateWords = "write a number and a unit: 400Gb/s (bits) or 50GB/s (bytes)";
export const rateSchema = z.string({ error: rateWords }).regex(ratePattern, rateWords);

/** A part of a whole, 0 to 1. */
export const shareSchema = z.number().min(0).max(1);

/** A figure, or its least, likeliest and most. */
export const uncertainSchema = z
  .union(
    [
      z.number(),
      z.strictObject({
        low: z.number().describe("The least that it may be."),
        mode: z.number().describe("The likeliest."),
        high: z.number().describe("The most that it may be."),
      }),
    ],
    {
      error: "write a number, or {low, mode, high} as numbers, without a unit",
    },
  )
  .describe("A number, or {low, mode, high} for what is not known exactly.");
