import fc from "fast-check";
import { expect, test } from "vitest";
import { diffFields, type FieldChange, formatChange } from "./field-diff.ts";

test("lists changed, added and removed fields by path", () => {
  const before = { pool: "local", resources: { gpus: 1 }, steps: ["a", "b"], note: "x" };
  const after = { pool: "local", resources: { gpus: 2, cpus: 4 }, steps: ["a", "c", "d"] };

  expect(diffFields(before, after, "spec").map(formatChange)).toEqual([
    "~ spec.resources.gpus: 1 → 2",
    "+ spec.resources.cpus: 4",
    "~ spec.steps[1]: b → c",
    "+ spec.steps[2]: d",
    "- spec.note: x",
  ]);
});

test("long values are cut, and texts with blanks are quoted", () => {
  expect(formatChange({ path: "a", before: undefined, after: "late or not" })).toBe('+ a: "late or not"');
  expect(formatChange({ path: "a", before: undefined, after: "x".repeat(500) }).length).toBeLessThan(70);
});

test("a value does not differ from its copy", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(diffFields(value, structuredClone(value))).toEqual([]);
    }),
  );
});

test("writing the changes into the old value gives the new one", () => {
  const tree = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom("a", "b")),
    node: fc.oneof(
      { depthSize: "small" },
      tie("leaf"),
      fc.dictionary(fc.constantFrom("p", "q", "r"), tie("node"), { noNullPrototype: true }),
    ),
  })).node;
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const changes = diffFields(before, after);

      expect(changes.reduce(write, structuredClone(before))).toEqual(after);
    }),
  );
});

function write(value: unknown, change: FieldChange): unknown {
  if (change.path === "") return change.after;
  const [first = "", ...rest] = change.path.split(".");
  const holder = value as Record<string, unknown>;
  const next = write(holder[first], { ...change, path: rest.join(".") });
  return Object.fromEntries(Object.entries({ ...holder, [first]: next }).filter(([, member]) => member !== undefined));
}
