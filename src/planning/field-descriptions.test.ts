import { expect, test } from "vitest";
import * as z from "zod";
import { planSchema } from "./model.ts";
import {
  adviceQuestionSchema,
  costQuestionSchema,
  inferenceQuestionSchema,
  trainingQuestionSchema,
} from "./questions/model.ts";

interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
}

type Field = readonly [path: string, description: string | undefined];

/** Every field below a node of a JSON Schema without references, with its description. */
function fieldsOf(node: SchemaNode, path = ""): readonly Field[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, field]): readonly Field[] => {
    const place = path === "" ? name : `${path}.${name}`;
    return [[place, field.description], ...fieldsOf(field, place)];
  });
  const others = typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
  const listed = node.items === undefined ? [] : fieldsOf(node.items, `${path}[]`);
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? []), ...others];
  return [...own, ...listed, ...alternatives.flatMap((each) => fieldsOf(each, path))];
}

test.each([
  ["a plan", planSchema, "demand.stages[].jobs.trained.model"],
  ["a question about training", trainingQuestionSchema, "layout.tensor"],
  ["a question about serving", inferenceQuestionSchema, "ttftSeconds"],
  ["a question about cost", costQuestionSchema, "pue"],
  ["a question for advice", adviceQuestionSchema, "work.days"],
] as const)("every field of %s says in its JSON Schema what it is", (_, schema, deepest) => {
  const made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const fields = fieldsOf(made as SchemaNode);

  expect(JSON.stringify(made)).not.toContain('"$ref"');
  expect(fields.map(([path]) => path)).toContain(deepest);
  expect(fields.filter(([, description]) => description === undefined).map(([path]) => path)).toEqual([]);
});

test("a description of a field with a default tells the value that is assumed", () => {
  const described = new Map(fieldsOf(z.toJSONSchema(planSchema, { io: "input" }) as SchemaNode));

  expect(described.get("horizonMonths")).toBe("Months that are planned; 48 if absent.");
  expect(described.get("cost.pue")).toBe("Power of the hall over that of its machines; 1.3 (1.1 to 1.54) if absent.");
});
