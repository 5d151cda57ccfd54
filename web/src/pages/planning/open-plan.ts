import { type Document, parseDocument } from "yaml";

/** A plan with its trace inside of it, and the trace that is still missing. */
export interface OpenedPlan {
  readonly text: string;
  /** The path of a trace that the plan names and nobody gave; null where none is missing. */
  readonly lacking: string | null;
}

/** What is needed of a file. */
interface NamedText {
  readonly name: string;
  text(): Promise<string>;
}

const isYaml = (name: string): boolean => /\.ya?ml$/i.test(name);
const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/**
 * Opens files that were chosen or dropped: the plan, and the trace that its `trace.file` names, which is taken into the plan as
 * `trace.text`, since a server reads no file of yours.
 *
 * @param shown the plan that is open; a trace alone goes into it.
 */
export async function openPlan(shown: string, files: readonly NamedText[]): Promise<OpenedPlan> {
  const plan = files.find((file) => isYaml(file.name));
  const text = plan === undefined ? shown : await plan.text();
  const document = parseDocument(text, { version: "1.2" });
  const named: unknown = document.errors.length > 0 ? undefined : document.getIn(["trace", "file"]);
  const others = files.filter((file) => file !== plan);
  if (typeof named !== "string") return { text: await withNewTrace(text, document, others), lacking: null };
  const trace =
    others.find((file) => nameOf(file.name) === nameOf(named)) ?? (others.length === 1 ? others[0] : undefined);
  if (trace === undefined) return { text, lacking: named };
  document.deleteIn(["trace", "file"]);
  document.setIn(["trace", "text"], await trace.text());
  return { text: document.toString({ lineWidth: 0 }), lacking: null };
}

/** A single table of rows without a plan that names it is the plan's queue from now on. */
async function withNewTrace(text: string, document: Document, others: readonly NamedText[]): Promise<string> {
  const [table, more] = others;
  if (table === undefined || more !== undefined || document.errors.length > 0) return text;
  document.setIn(["trace", "text"], await table.text());
  return document.toString({ lineWidth: 0 });
}
