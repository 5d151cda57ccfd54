import { parseSync } from "oxc-parser";
import { readGlobals } from "./read-globals.ts";
import type { Import, Sighting, SourceFile } from "./source-file.ts";
import { childNode, childNodes, isNode, type SyntaxNode, textOf, walkValues } from "./syntax-tree.ts";

type LineAt = (offset: number) => number;

/** Gives a function from an offset in `text` to its line, counted from 1. */
function lineFinder(text: string): LineAt {
  const starts = [0];
  for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) starts.push(index + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

/** The specifier of an `import`, `export … from` or `import()`; undefined when it is computed. */
function specifierOf(node: SyntaxNode): string | undefined {
  return textOf(childNode(node, "source"), "value");
}

function importKind(node: SyntaxNode): Import["kind"] | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return node["importKind"] === "type" ? "type" : "value";
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return node["exportKind"] === "type" ? "type" : "value";
    case "ImportExpression":
      return "lazy";
    default:
      return undefined;
  }
}

function readImports(
  program: SyntaxNode,
  lineAt: LineAt,
  resolve: (specifier: string) => string | undefined,
): readonly Import[] {
  const imports: Import[] = [];
  walkValues(program, (node) => {
    const kind = importKind(node);
    const specifier = specifierOf(node);
    if (kind === undefined || specifier === undefined) return;
    imports.push({ specifier, kind, line: lineAt(node.start), target: resolve(specifier) });
  });
  return imports;
}

/** The names that one top-level statement declares. */
function declaredNames(statement: SyntaxNode): readonly SyntaxNode[] {
  const declaration = childNode(statement, "declaration") ?? statement;
  const identifiers =
    declaration.type === "VariableDeclaration"
      ? childNodes(declaration, "declarations").map((each) => childNode(each, "id"))
      : [childNode(declaration, "id")];
  return identifiers.filter(isNode).filter((each) => textOf(each, "name") !== undefined);
}

/** Whether a top-level statement only imports, or only passes on what another file exports. */
function passesOn(statement: SyntaxNode): boolean {
  if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && childNode(statement, "declaration") === undefined;
}

function isExport(statement: SyntaxNode): boolean {
  return statement.type.startsWith("Export");
}

/** Whether `export { value as default }` stands in the statement. */
function namesDefault(statement: SyntaxNode): boolean {
  return childNodes(statement, "specifiers").some((each) => textOf(childNode(each, "exported"), "name") === "default");
}

/**
 * Reads one file into what the rules ask about.
 *
 * @param resolve gives the file of the tree that a relative specifier names.
 * @throws {Error} when the text is not TypeScript: a file that cannot be read cannot be checked.
 */
export function parseSource(
  path: string,
  text: string,
  resolve: (specifier: string) => string | undefined,
): SourceFile {
  const { program: parsed, comments, errors } = parseSync(path, text);
  const [problem] = errors;
  if (problem !== undefined) throw new Error(`${path} cannot be parsed: ${problem.message}`);
  const program: unknown = parsed;
  if (!isNode(program)) throw new Error(`${path} cannot be parsed: the parser gave no tree`);
  const lineAt = lineFinder(text);
  const see = (node: SyntaxNode, seen: string): Sighting => ({ text: seen, line: lineAt(node.start) });

  const methodCalls: Sighting[] = [];
  const templateTags: Sighting[] = [];
  const literals: Sighting[] = [];
  walkValues(program, (node, parent, member) => {
    const callee = node.type === "CallExpression" ? childNode(node, "callee") : undefined;
    const method = callee?.type === "MemberExpression" ? childNode(callee, "property") : undefined;
    const methodName = textOf(method, "name");
    if (method !== undefined && methodName !== undefined) methodCalls.push(see(method, methodName));
    if (node.type === "TaggedTemplateExpression") {
      templateTags.push(see(node, textOf(childNode(node, "tag"), "name") ?? ""));
    }
    if (node.type === "Literal" && !(member === "source" && parent !== undefined && specifierOf(parent) !== undefined))
      literals.push(see(node, textOf(node, "value") ?? ""));
    if (node.type === "TemplateLiteral") {
      literals.push(see(node, childNodes(node, "quasis").map(rawText).join("?")));
    }
  });

  const statements = childNodes(program, "body");
  return {
    path,
    lineCount: text === "" ? 0 : lineAt(text.length - 1),
    imports: readImports(program, lineAt, resolve),
    globals: readGlobals(program, lineAt),
    methodCalls,
    templateTags,
    literals,
    declarations: statements.flatMap(declaredNames).map((each) => see(each, textOf(each, "name") ?? "")),
    comments: comments.map((comment) => ({ text: comment.value, line: lineAt(comment.start) })),
    defaultExports: statements
      .filter((each) => each.type === "ExportDefaultDeclaration" || namesDefault(each))
      .map((each) => see(each, "default")),
    starExports: statements.filter((each) => each.type === "ExportAllDeclaration").map((each) => see(each, "*")),
    isOnlyReexports: statements.some(isExport) && statements.every(passesOn),
  };
}

function rawText(quasi: SyntaxNode): string {
  const value = quasi["value"];
  return typeof value === "object" && value !== null && "raw" in value && typeof value.raw === "string"
    ? value.raw
    : "";
}
