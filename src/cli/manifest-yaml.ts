import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
} from "yaml";
import type { ManifestProblem } from "./manifest-problem.ts";

/** A text of YAML and where it came from. */
export interface ManifestSource {
  /** As the user named it; `<stdin>` for standard input. */
  readonly file: string;
  /** Absolute folder against which relative paths in it are read. */
  readonly folder: string;
  readonly text: string;
}

/** One document of a source, with the places of its parts. */
export interface YamlDocument {
  readonly source: ManifestSource;
  readonly value: unknown;
  /** Makes a problem at the value that `path` leads to, or at the nearest part above it that exists. */
  problemAt(path: readonly PropertyKey[], part: "key" | "value", message: string, hint: string | null): ManifestProblem;
}

/** What was read and what was wrong with the YAML itself. */
export interface YamlReading {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly ManifestProblem[];
}

/** Documents of one source beyond this are refused. */
export const mostDocuments = 1000;

/** Reads every document of a source, keeping the place of each part. Empty documents are left out. */
export function readYaml(source: ManifestSource): YamlReading {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(source.text, { lineCounter, prettyErrors: false, version: "1.2" });
  const problems: ManifestProblem[] = [];
  const documents: YamlDocument[] = [];
  // What is missing at the end is shown behind the last text, not on the empty line after it.
  const end = source.text.trimEnd().length;
  for (const document of [...parsed].slice(0, mostDocuments)) {
    for (const error of [...document.errors, ...document.warnings]) {
      const place = error.pos[0] > end ? ([end, end + 1] as const) : error.pos;
      problems.push(problemAtOffsets(source, lineCounter, place, firstLine(error.message), null));
    }
    if (document.errors.length === 0 && document.contents !== null) {
      try {
        const read = toDocument(source, lineCounter, document);
        if (read.value !== null) documents.push(read);
      } catch (error) {
        // Aliases within aliases, which would fill the memory.
        const message = error instanceof Error ? error.message : String(error);
        problems.push(problemAtOffsets(source, lineCounter, [0, 1], message, null));
      }
    }
  }
  if (parsed.length > mostDocuments) {
    const message = `more than ${mostDocuments} documents in one file; split it`;
    problems.push(problemAtOffsets(source, lineCounter, [0, 1], message, null));
  }
  return { documents, problems };
}

function toDocument(
  source: ManifestSource,
  lineCounter: LineCounter,
  document: Document.Parsed<ParsedNode>,
): YamlDocument {
  return {
    source,
    value: document.toJS(),
    problemAt(path, part, message, hint) {
      const node = nodeAt(document, path, part);
      const range = node?.range ?? [document.range[0], document.range[0] + 1];
      return problemAtOffsets(source, lineCounter, [range[0], range[1]], message, hint);
    },
  };
}

function nodeAt(document: Document.Parsed, path: readonly PropertyKey[], part: "key" | "value"): Node | undefined {
  let node: unknown = document.contents;
  let key: unknown;
  for (const step of path) {
    const holder = isAlias(node) ? node.resolve(document) : node;
    if (isMap(holder)) {
      const pair = holder.items.find(
        (item) => isPair(item) && (isScalar(item.key) ? item.key.value : item.key) === step,
      );
      if (pair === undefined) return nearest(key, node);
      key = pair.key;
      node = pair.value ?? pair.key;
    } else if (isSeq(holder) && typeof step === "number") {
      const item: unknown = holder.items[step];
      if (item === undefined) return nearest(key, node);
      key = undefined;
      node = item;
    } else {
      return nearest(key, node);
    }
  }
  if (part === "key" && isNode(key)) return key;
  return isNode(node) ? node : undefined;
}

/** For a part that is not there: the key of what should hold it, else the holder itself. */
function nearest(key: unknown, holder: unknown): Node | undefined {
  if (isNode(key)) return key;
  return isNode(holder) ? firstKey(holder) : undefined;
}

function firstKey(node: Node): Node {
  const key = isMap(node) ? node.items[0]?.key : undefined;
  return isNode(key) ? key : node;
}

function problemAtOffsets(
  source: ManifestSource,
  lineCounter: LineCounter,
  offsets: readonly [number, number],
  message: string,
  hint: string | null,
): ManifestProblem {
  const { line, col } = lineCounter.linePos(offsets[0]);
  const text = source.text.slice(offsets[0], offsets[1]).split("\n")[0] ?? "";
  return {
    file: source.file,
    line: Math.max(1, line),
    column: Math.max(1, col),
    length: Math.max(1, text.trimEnd().length),
    message,
    hint,
  };
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}
