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
