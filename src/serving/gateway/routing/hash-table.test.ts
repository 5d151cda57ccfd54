import fc from "fast-check";
import { expect, test } from "vitest";
import { HashTable } from "./hash-table.ts";

test("holds what a map holds, also where hashes fall on one place", () => {
  // Multiples of the first size fall on one place; the others lie beside it.
  const hash = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: -9, max: 9 }).map((step) => step * 1024),
    fc.integer(),
  );
  const change = fc.record({ hash, entry: fc.nat(), isDelete: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const table = new HashTable();
      const model = new Map<number, number>();
      for (const each of changes) {
        if (each.isDelete) table.delete(each.hash);
        else table.set(each.hash, each.entry);
        if (each.isDelete) model.delete(each.hash);
        else model.set(each.hash, each.entry);
      }

      for (const each of changes) expect(table.get(each.hash)).toBe(model.get(each.hash) ?? -1);
    }),
  );
});

test("grows, and keeps what it held", () => {
  const table = new HashTable();
  for (let index = 0; index < 20_000; index += 1) table.set(Math.imul(index, 0x9e3779b1), index);
  for (let index = 0; index < 20_000; index += 2) table.delete(Math.imul(index, 0x9e3779b1));

  for (let index = 0; index < 20_000; index += 1) {
    expect(table.get(Math.imul(index, 0x9e3779b1))).toBe(index % 2 === 0 ? -1 : index);
  }
});
