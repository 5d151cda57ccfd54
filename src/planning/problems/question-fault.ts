import type { z } from "zod";
import { Fault, type FaultDetails } from "../../base/fault.ts";
import type { QuestionProblem } from "../questions/model.ts";
import { refusedFields, tellRefused, writePath } from "../../base/refused-fields.ts";

/**
 * A question that does not have the form of one; every problem names its field, what was wanted and what was found.
 *
 * @param value the question as it was asked.
 */
export function unreadableQuestion(schema: z.ZodType, error: z.ZodError, value: unknown): Fault {
  const problems = refusedFields(schema, error, value).map((each): QuestionProblem => {
    const name = writePath(each.path);
    return { path: name, message: `${name || "the question"}: ${tellRefused(each)}` };
  });
  const message = `the question cannot be read: ${problems.map((each) => each.message).join("; ")}`;
  return new Fault("planning.request-invalid", message, { details: { path: problems[0]?.path ?? "", problems } });
}

/** What of a question a fault complains about, field by field; empty where it names none. */
export function problemsOf({
  details,
  message,
}: {
  readonly details: FaultDetails;
  readonly message: string;
}): readonly QuestionProblem[] {
  const { problems, path } = details;
  if (Array.isArray(problems) && problems.every(isProblem)) return problems;
  return typeof path === "string" ? [{ path, message }] : [];
}

function isProblem(value: unknown): value is QuestionProblem {
  return typeof value === "object" && value !== null && "path" in value && "message" in value;
}
