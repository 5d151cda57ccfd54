import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson } from "../../base/canonical-json.ts";
import type { FeatureViewSpec } from "../model.ts";
import type { FeatureRow } from "../ports.ts";
import { longestWindow, valueColumns } from "../view-columns.ts";

const prefixBytes = 8;

/**
 * The prefix of a view's keys. It hangs on what the stored rows mean and how long they are kept, so that a view that
 * changed starts empty and is filled again, rather than read old rows wrongly.
 */
export function viewPrefix(project: string, name: string, spec: FeatureViewSpec): Buffer {
  const { source, entity, knownAt, id, decimals } = spec;
  const meaning = { source, entity, knownAt, id, decimals, values: valueColumns(spec), window: longestWindow(spec) };
  return createHash("sha256").update(canonicalJson({ project, name, meaning })).digest().subarray(0, prefixBytes);
}

/** The key of a view's batch with this number: batches of a view sort by number. */
export function batchKey(prefix: Buffer, number: number): Buffer {
  const key = Buffer.alloc(prefixBytes + 8);
  prefix.copy(key);
  key.writeBigUInt64BE(BigInt(number), prefixBytes);
  return key;
}

/** The view's prefix and the batch's number of a key. */
export function readBatchKey(key: Buffer): { readonly prefix: Buffer; readonly number: number } {
  return { prefix: key.subarray(0, prefixBytes), number: Number(key.readBigUInt64BE(prefixBytes)) };
}

/** The range of all keys of a view. */
export function batchRange(prefix: Buffer): { readonly start: Buffer; readonly end: Buffer } {
  return { start: prefix, end: Buffer.concat([prefix, Buffer.alloc(9, 0xff)]) };
}

const batchSchema = z.array(z.tuple([z.string(), z.number(), z.array(z.string()), z.array(z.number().nullable())]));

/** Rows as one stored value. What is no finite number is written as null: unknown. */
export function writeBatch(rows: readonly FeatureRow[]): Buffer {
  return Buffer.from(JSON.stringify(rows.map((row) => [row.id, row.knownAt, row.entity, row.values])));
}

/** Reads what `writeBatch` wrote. */
export function readBatch(content: Buffer): readonly FeatureRow[] {
  const rows = batchSchema.parse(JSON.parse(content.toString("utf8")));
  return rows.map(([id, knownAt, entity, values]) => ({ id, knownAt, entity, values }));
}
