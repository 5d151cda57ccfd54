import * as z from "zod";
import { manifestSchema } from "../../platform/resource.ts";
import { kinds } from "../../server/kinds.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { allNouns, findNoun } from "../noun.ts";

/** Where editors find the schemas by name. */
const schemaAddress = "https://millwright.dev/schema";

export interface SchemaInput {
  readonly kind?: string;
}

/** Prints the JSON Schema of one kind's YAML, or of all of them, for editors. */
export async function schema(context: CommandContext, input: SchemaInput): Promise<number> {
  const nouns = allNouns(kinds).filter((noun) => !noun.isRow);
  const wanted = input.kind === undefined ? undefined : findNoun(input.kind, nouns).kind;
  if (context.format === "quiet") for (const definition of kinds) context.terminal.print(definition.kind);
  else context.terminal.print(JSON.stringify(wanted === undefined ? schemaOfAll() : schemaOf(wanted), null, 2));
  return exitCodes.ok;
}

function schemaOf(kind: string): Readonly<Record<string, unknown>> {
  const definition = kinds.find((each) => each.kind === kind);
  if (definition === undefined) return {};
  const made = z.toJSONSchema(manifestSchema(definition), { io: "input", unrepresentable: "any" });
  return { ...made, $id: `${schemaAddress}/${kind}.json`, title: kind, description: definition.summary };
}

function schemaOfAll(): Readonly<Record<string, unknown>> {
  const parts = kinds.map((definition) => {
    const { $schema: _, $id: __, ...rest } = schemaOf(definition.kind);
    return rest;
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `${schemaAddress}/all.json`,
    title: "Millwright resource",
    oneOf: parts,
  };
}
