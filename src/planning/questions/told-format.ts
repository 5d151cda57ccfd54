import * as z from "zod";
import type { WeightFormat } from "../catalog/accelerator.ts";
import { formatAsPublished, formatInConfig, formatInName } from "../catalog/format-spelling.ts";

/** A number format of weights that nobody asked for by itself, and what tells it, in words. */
export interface ToldFormat {
  readonly format: WeightFormat;
  readonly by: string;
}

/** The number format of the weights that a model's config.json tells, or else its name, or else its makers; undefined where none does. */
export function toldFormat(named: { readonly model: string; readonly modelConfig?: unknown }): ToldFormat | undefined {
  const read = formatInConfig(named.modelConfig);
  if (read !== undefined) return { format: read, by: "the model's config.json" };
  const format = formatInName(named.model);
  if (format !== undefined) return { format, by: "the model's name" };
  const published = named.modelConfig === undefined ? formatAsPublished(named.model) : undefined;
  return published === undefined ? undefined : { format: published, by: "the makers' checkpoint" };
}

const bareSchema = z.looseObject({ model: z.string(), precision: z.undefined().optional() });

/** A question about a served model that names no format, with the one that the model tells; any other value as it is. */
export function withToldFormat(value: unknown): unknown {
  const bare = bareSchema.safeParse(value);
  const told = bare.success ? toldFormat(bare.data) : undefined;
  return bare.success && told !== undefined ? { ...bare.data, precision: told.format } : value;
}

/** What was assumed of a served model, in words, with what told its format where something did. */
export function sayToldFormat(
  assumed: readonly string[],
  asked: Parameters<typeof toldFormat>[0] & { readonly precision: WeightFormat },
): readonly string[] {
  const told = toldFormat(asked);
  if (told?.format !== asked.precision) return assumed;
  return assumed.map((words) => (words.startsWith("precision ") ? `${words}, as ${told.by} says` : words));
}
