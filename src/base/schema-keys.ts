/** JSON Schema as far as this file reads it. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode | boolean;
  readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

/**
 * The keys that an object at `path` may have, by a JSON Schema: of every alternative that could apply there.
 *
 * @param schema a JSON Schema as `z.toJSONSchema` makes it.
 */
export function knownKeysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const root = asNode(schema);
  let nodes = expand(root, root);
  for (const step of path) nodes = nodes.flatMap((node) => stepsInto(node, step)).flatMap((node) => expand(node, root));
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function stepsInto(node: SchemaNode, step: PropertyKey): readonly SchemaNode[] {
  if (typeof step === "number") {
    return [node.prefixItems?.[step], node.items].filter((item): item is SchemaNode => typeof item === "object");
  }
  const property = node.properties?.[String(step)];
  if (property !== undefined) return [property];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

function expand(node: SchemaNode, root: SchemaNode, depth = 0): readonly SchemaNode[] {
  const deepest = 20;
  if (depth > deepest) return [];
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  const target = node.$ref === undefined ? undefined : root.$defs?.[node.$ref.replace("#/$defs/", "")];
  if (target !== undefined) alternatives.push(target);
  return [node, ...alternatives.flatMap((alternative) => expand(alternative, root, depth + 1))];
}

function asNode(schema: unknown): SchemaNode {
  return typeof schema === "object" && schema !== null ? schema : {};
}
