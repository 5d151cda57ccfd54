import type * as z from "zod";
import { refusedFields, writePath } from "../base/refused-fields.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import type { YamlDocument } from "./manifest-yaml.ts";

/**
 * Checks a document against a schema; every problem stands at its place, with what was probably meant.
 *
 * @param name what the document is, for messages: a kind, or `cluster file`.
 */
export function schemaProblems(document: YamlDocument, schema: z.ZodType, name: string): readonly ManifestProblem[] {
  const parsed = schema.safeParse(document.value);
  if (parsed.success) return [];
  return refusedFields(schema, parsed.error, document.value).map(({ path, part, words, hint }) => {
    return document.problemAt(path, part, `${writePath(path) || name}: ${words}`, hint);
  });
}
