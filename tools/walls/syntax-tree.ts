/** A node of the ESTree that the parser gives; members are read with a check, never trusted. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** Whether a value read from the tree is a node. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The member of a node that is itself a node. */
export function childNode(node: SyntaxNode, member: string): SyntaxNode | undefined {
  const child = node[member];
  return isNode(child) ? child : undefined;
}

/** The member of a node that is a list of nodes; holes and other values are left out. */
export function childNodes(node: SyntaxNode, member: string): readonly SyntaxNode[] {
  const children = node[member];
  return Array.isArray(children) ? children.filter(isNode) : [];
}

/** The member of a node that is text. */
export function textOf(node: SyntaxNode | undefined, member: string): string | undefined {
  const text = node?.[member];
  return typeof text === "string" ? text : undefined;
}

const expressionsOfTypes: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSInstantiationExpression",
  "TSTypeAssertion",
]);

/** Whether a node exists only for the type checker. */
function isTypeOnly(node: SyntaxNode): boolean {
  return node.type.startsWith("TS") && !expressionsOfTypes.has(node.type);
}

/** Calls `visit` for every node that runs, parents first; types are passed over. */
export function walkValues(
  root: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined, member: string) => void,
): void {
  const enter = (node: SyntaxNode, parent: SyntaxNode | undefined, member: string): void => {
    if (isTypeOnly(node)) return;
    visit(node, parent, member);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) for (const each of value) if (isNode(each)) enter(each, node, key);
      if (isNode(value)) enter(value, node, key);
    }
  };
  enter(root, undefined, "");
}
