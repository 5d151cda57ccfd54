import type { Sighting } from "./source-file.ts";
import { childNode, childNodes, type SyntaxNode, textOf, walkValues } from "./syntax-tree.ts";

/** Members that declare a name when the identifier stands there. */
const bindingPlaces: ReadonlySet<string> = new Set([
  "VariableDeclarator.id",
  "FunctionDeclaration.id",
  "FunctionExpression.id",
  "ClassDeclaration.id",
  "ClassExpression.id",
  "CatchClause.param",
  "ImportSpecifier.local",
  "ImportDefaultSpecifier.local",
  "ImportNamespaceSpecifier.local",
  "RestElement.argument",
  "ArrayPattern.elements",
  "AssignmentPattern.left",
  "FunctionDeclaration.params",
  "FunctionExpression.params",
  "ArrowFunctionExpression.params",
]);

/** Members where an identifier is a name of something else, not a use of a variable. */
const labelPlaces: ReadonlySet<string> = new Set([
  "Property.key",
  "MethodDefinition.key",
  "PropertyDefinition.key",
  "MemberExpression.property",
  "ImportSpecifier.imported",
  "ExportSpecifier.exported",
  "LabeledStatement.label",
  "BreakStatement.label",
  "ContinueStatement.label",
  "MetaProperty.meta",
  "MetaProperty.property",
]);

function placeOf(parent: SyntaxNode | undefined, member: string): string {
  return `${parent?.type ?? ""}.${member}`;
}

/** Collects every name that the file declares at any depth: a name declared anywhere is not counted as a global. */
function readBindings(program: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  walkValues(program, (node, parent, member) => {
    const name = node.type === "Identifier" ? textOf(node, "name") : undefined;
    if (name !== undefined && bindingPlaces.has(placeOf(parent, member))) names.add(name);
    if (node.type !== "ObjectPattern") return;
    for (const property of childNodes(node, "properties")) {
      const bound = textOf(childNode(property, "value"), "name");
      if (bound !== undefined) names.add(bound);
    }
  });
  return names;
}

function isLabel(parent: SyntaxNode | undefined, member: string): boolean {
  return labelPlaces.has(placeOf(parent, member)) && parent?.["computed"] !== true;
}

/** The member read from a free name, written with it: `Math` becomes `Math.random`. */
function withMember(name: string, parent: SyntaxNode | undefined, member: string): string {
  if (parent?.type !== "MemberExpression" || member !== "object") return name;
  const property = childNode(parent, "property");
  const key = parent["computed"] === true ? textOf(property, "value") : textOf(property, "name");
  return key === undefined ? name : `${name}.${key}`;
}

/** Lists the uses of names that the file does not declare, with the member that is read from them, if any. */
export function readGlobals(program: SyntaxNode, lineAt: (offset: number) => number): readonly Sighting[] {
  const bindings = readBindings(program);
  const found: Sighting[] = [];
  walkValues(program, (node, parent, member) => {
    if (node.type === "MetaProperty") found.push({ text: "import.meta", line: lineAt(node.start) });
    if (node.type !== "Identifier" || isLabel(parent, member)) return;
    const name = textOf(node, "name");
    if (name === undefined || bindings.has(name)) return;
    found.push({ text: withMember(name, parent, member), line: lineAt(node.start) });
  });
  return found;
}
